/**
 * Short everyday sentences as people type them: with and without capitals and punctuation. They are a test: nothing
 * learns from them. Each is right in one of the languages only.
 */
import type { Row } from './declarations.ts'

const SENTENCES: Readonly<Record<string, readonly string[]>> = {
  Afrikaans: ['Hoe gaan dit met jou?', 'ek is lief vir jou', 'Wat doen jy vanaand?'],
  Arabic: ['كيف حالك؟', 'أنا أحبك', 'شكرا جزيلا'],
  Armenian: ['Ինչպե՞ս ես', 'ես քեզ սիրում եմ', 'Շատ շնորհակալ եմ։'],
  Bengali: ['তুমি কেমন আছো?', 'আমি তোমাকে ভালোবাসি', 'অনেক ধন্যবাদ'],
  Bulgarian: ['Как си днес?', 'обичам те', 'Къде е гарата?'],
  Catalan: ['Com estàs?', "t'estimo molt", 'Què fas aquest vespre?'],
  Chinese: ['你好吗?', '我爱你', '谢谢你的帮助'],
  Czech: ['Jak se máš?', 'miluju tě', 'Co děláš dnes večer?'],
  Danish: ['Hvad laver du i aften?', 'jeg elsker dig', 'Hvordan har du det?'],
  Dutch: ['Hoe gaat het met je?', 'ik hou van je', 'Wat doe je vanavond?'],
  English: ['How are you?', 'I love you', 'what are you doing tonight', 'Where is the station?'],
  Estonian: ['Kuidas läheb?', 'ma armastan sind', 'Kus on jaam?'],
  Finnish: ['Mitä kuuluu?', 'minä rakastan sinua', 'Missä on asema?'],
  French: ['Comment ça va ?', "je t'aime", 'Tu fais quoi ce soir ?', 'Où est la gare ?'],
  Georgian: ['როგორ ხარ?', 'მე შენ მიყვარხარ', 'დიდი მადლობა'],
  German: ['Wie geht es dir?', 'ich liebe dich', 'Was machst du heute Abend?', 'Wo ist der Bahnhof?'],
  Greek: ['Τι κάνεις;', 'σ’ αγαπώ πολύ', 'Πού είναι ο σταθμός;'],
  Hebrew: ['מה שלומך?', 'אני אוהב אותך', 'תודה רבה'],
  Hindi: ['आप कैसे हैं?', 'मैं तुमसे प्यार करता हूँ', 'मुझे नहीं पता'],
  Hungarian: ['Hogy vagy?', 'nagyon szeretlek', 'Mit csinálsz ma este?'],
  Indonesian: ['Apa kabar?', 'aku cinta kamu', 'Terima kasih banyak'],
  Italian: ['Come stai?', 'ti amo', 'Cosa fai stasera?', 'dove sono le chiavi'],
  Japanese: ['お元気ですか?', '愛してる', 'ありがとうございます'],
  Kazakh: ['Қалайсың?', 'мен сені жақсы көремін', 'Рахмет сізге!'],
  Korean: ['잘 지내요?', '사랑해요', '고맙습니다'],
  Latvian: ['Kā tev iet?', 'es tevi mīlu', 'Kur ir stacija?'],
  Lithuanian: ['Kaip sekasi?', 'aš tave myliu', 'Kur yra stotis?'],
  Macedonian: ['Како си денес?', 'те сакам', 'Каде е станицата?'],
  Norwegian: ['Hva gjør du i kveld?', 'jeg elsker deg', 'Hvordan går det med deg?'],
  Persian: ['حال شما چطور است؟', 'دوستت دارم', 'خیلی ممنونم'],
  Polish: ['Jak się masz?', 'kocham cię', 'Co robisz dziś wieczorem?'],
  Portuguese: ['Como você está?', 'eu te amo', 'O que você vai fazer hoje?', 'não sei'],
  Romanian: ['Ce mai faci?', 'te iubesc', 'Unde este gara?'],
  Russian: ['Как дела?', 'я тебя люблю', 'Что ты делаешь сегодня вечером?'],
  Slovak: ['Ako sa máš?', 'ľúbim ťa', 'Čo robíš dnes večer?'],
  Slovenian: ['Kako si kaj?', 'ljubim te', 'Kaj delaš nocoj?'],
  Spanish: ['¿Cómo estás?', 'te quiero mucho', '¿Qué haces esta noche?', 'no lo sé'],
  Swedish: ['Hur mår du?', 'jag älskar dig', 'Vad gör du i kväll?'],
  Tamil: ['எப்படி இருக்கிறீர்கள்?', 'நான் உன்னை காதலிக்கிறேன்', 'மிக்க நன்றி'],
  Thai: ['สบายดีไหม', 'ฉันรักคุณ', 'ขอบคุณมากครับ'],
  Turkish: ['Nasılsın?', 'seni seviyorum', 'Bu akşam ne yapıyorsun?'],
  Ukrainian: ['Як твої справи?', 'я тебе кохаю', 'Що ти робиш сьогодні ввечері?'],
  Urdu: ['آپ کیسے ہیں؟', 'میں تم سے محبت کرتا ہوں', 'بہت شکریہ'],
  Vietnamese: ['Bạn có khỏe không?', 'anh yêu em', 'Cảm ơn rất nhiều'],
}

export const SHORT: readonly Row[] = Object.entries(SENTENCES).flatMap(([language, texts]) =>
  texts.map((text) => ({ text, language })),
)
