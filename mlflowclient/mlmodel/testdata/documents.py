"""Writes random mappings as yaml.safe_dump does (PyYAML of stack/requirements/mlflow.txt), one after another, each
ended by a zero byte.

documents.py COUNT
"""
import datetime
import random
import sys

import yaml

rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
WORDS = ["a", "yes", "no", "on", "null", "~", "1", "1e3", "1.5", "0x1f", "012", "1:30", "2024-01-02", "=", "<<", "-", "?", ":", "#",
         "- x", "x: y", "x #y", "it's", '"q"', "[", "]", "{", "}", ",", "&a", "*a", "!t", "|", ">", "%", "@", "`", "---", "...", "é", "😀",
         "\n", "\t", "\x00", "\u2028", "\u0085", "\ufeff", "word", "longer-word-without-blanks", " ", "  ", "\\", "/", "a:b", "a,b", "'", "''"]


def text():
    if rng.random() < 0.3:
        return rng.choice(WORDS)
    glue = rng.choice([" ", " ", " ", "", "  ", "\n"])
    return glue.join(rng.choice(WORDS) for _ in range(rng.choice([0, 2, 5, 30, 60])))


def scalar():
    return rng.choice([
        text, text, text, lambda: None, lambda: rng.random() < 0.5, lambda: rng.randint(-5, 5), lambda: rng.getrandbits(80),
        rng.random, lambda: rng.uniform(-1, 1) * 10 ** rng.randint(-30, 30), lambda: float("inf"), lambda: -float("inf"),
        lambda: datetime.date(2020, 1, rng.randint(1, 28)), lambda: datetime.datetime(2020, 1, 2, 3, 4, rng.randint(0, 59)),
    ])()


def key():
    while True:
        k = text()
        if 0 < len(k) < 100 and not set(k) & set("\n\u2028\u0085"):
            return k


def value(depth):
    kind = rng.random()
    if depth > 4 or kind < 0.6:
        return scalar()
    if kind < 0.8:
        return [value(depth + 1) for _ in range(rng.choice([0, 1, 3]))]
    if rng.random() < 0.1:
        return {rng.choice([1, 2.5, True, None, "k"]): value(depth + 1) for _ in range(3)}
    return {key(): value(depth + 1) for _ in range(rng.choice([0, 1, 3]))}


for _ in range(int(sys.argv[1])):
    doc = {key(): value(0) for _ in range(4)}
    sys.stdout.write(yaml.safe_dump(doc, default_flow_style=False) + "\0")
