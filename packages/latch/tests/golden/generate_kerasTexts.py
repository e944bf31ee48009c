"""Writes formats/kerasTexts.json: ids of Keras' own Tokenizer and pad_sequences, for options and texts of all kinds.

Run with Keras 3 (KERAS_BACKEND=numpy): python generate_kerasTexts.py
"""
import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "numpy")
import keras
from keras.src.legacy.preprocessing.text import Tokenizer

TRAINING = [
    "The movie was good, very good!",
    "a bad plot; awful acting... not fun",
    "Don't say: it's (half) GOOD-enough",
    "snake_case and tab\tline\nend",
    "Überraschung İstanbul 北京 很好",
]
TEXTS = TRAINING + [
    "",
    "!!!",
    "unseen words only",
    "the unseen movie",
    "GOOD good Good",
    "  two  spaces ",
    "good,bad;awful",
    "no\u00a0break good\rbad",
    "very very very very good plot and acting and fun and half",
]
OPTIONS = [
    {},
    {"oov_token": "<OOV>"},
    {"num_words": 6},
    {"num_words": 6, "oov_token": "<OOV>"},
    {"lower": False},
    {"filters": ""},
    {"filters": "!,"},
    {"split": ","},
    {"char_level": True},
    {"char_level": True, "lower": False, "oov_token": "UNK"},
    {"char_level": True, "num_words": 8},
    {"oov_token": "oov", "filters": "!.", "split": "o"},
]
PADDINGS = [("pre", "pre", 0), ("post", "pre", 0), ("pre", "post", 0), ("post", "post", 1)]

cases = []
for options in OPTIONS:
    tokenizer = Tokenizer(**options)
    tokenizer.fit_on_texts(TRAINING)
    ids = tokenizer.texts_to_sequences(TEXTS)
    padded = [
        keras.utils.pad_sequences(ids, maxlen=5, padding=padding, truncating=truncating, value=value).tolist()
        for padding, truncating, value in PADDINGS
    ]
    cases.append({"options": options, "json": tokenizer.to_json(), "ids": ids, "padded": padded})

out = Path(__file__).parent / "formats" / "kerasTexts.json"
out.write_text(json.dumps({"texts": TEXTS, "paddings": PADDINGS, "cases": cases}) + "\n")
