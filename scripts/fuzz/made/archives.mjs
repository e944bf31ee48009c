/** PyTorch's zips and pickles, which are refused and never run, and what only looks like them. */
import { deflateRawSync } from 'node:zlib'

const latin = (text) => Buffer.from(text, 'latin1')

/** A pickle that would run a command if it were loaded. */
const CALL = latin('\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.')

export function madeArchive(draw) {
  const kinds = {
    pickle: () => Buffer.concat([CALL, Buffer.from(draw.bytes(draw.pick([0, 100, 70_000])))]),
    memo: () =>
      Buffer.concat([latin('\x80\x02'), ...Array.from({ length: draw.many() }, () => latin('](K\x01e'))]),
    protocol: () => Buffer.concat([Buffer.from([0x80, draw.below(256), draw.below(256)]), CALL]),
    zip: () => archive(draw, ['archive/data.pkl', 'archive/version', 'archive/data/0']),
    many: () =>
      archive(
        draw,
        Array.from({ length: Math.min(draw.many(), 3000) }, (_, i) => `a/data/${i}`).concat('a/data.pkl'),
      ),
    legacy: () => Buffer.concat([latin('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'), CALL]),
  }
  const kind = draw.pick(Object.keys(kinds))
  draw.say(kind)
  const bytes = new Uint8Array(kinds[kind]())
  for (let i = draw.below(4); i > 0; i--) bytes[draw.below(Math.min(200, bytes.length))] = draw.below(256)
  return bytes
}

/** Local headers and names; the directory may be anything. */
function archive(draw, names) {
  const members = names.map((name) => {
    const packed = deflateRawSync(CALL)
    const head = Buffer.alloc(30)
    head.writeUInt32LE(0x04034b50, 0)
    head.writeUInt16LE(8, 8)
    head.writeUInt32LE(Math.abs(draw.number()) >>> 0, 18)
    head.writeUInt32LE(Math.abs(draw.number()) >>> 0, 22)
    head.writeUInt16LE(name.length, 26)
    return Buffer.concat([head, latin(name), packed])
  })
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(names.length & 0xffff, 10)
  end.writeUInt32LE(Math.abs(draw.number()) >>> 0, 16)
  return Buffer.concat([...members, end])
}
