"""The words of the conventions are the words of the code."""

import re
import sys
from pathlib import Path

import pytest

import unbraid

SOURCE = Path(unbraid.__file__).parent
ROOT = Path(__file__).parent.parent
CONVENTIONS = ROOT / "docs" / "conventions.md"
EVERYWHERE = {"draft", "renew", "renewal", "regrow", "anew"}  # the others are English elsewhere
ENDINGS = r"(s|d|ed|ing|n)?"


def old_words():
    """Return the words in the last column of the table of words of learning."""
    table = CONVENTIONS.read_text(encoding="utf-8").partition("**Words of learning.**")[2]
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| ([^|]*)\|$", table.partition("\n\n**")[0], flags=re.M)
    return [word.strip() for row in rows[2:] for word in row.split(",") if word.strip()]


def found(text, words):
    """Return the old words in a text, also within names such as `new_draft` and `DraftError`."""
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ")
    return sorted({
        match[0].lower()
        for word in words
        for match in re.finditer(rf"\b{word}{ENDINGS}\b", parts, flags=re.I)
    })  # fmt: skip


def known(text):
    """Take out what is right: the name of an option in older files, a turn of phrase."""
    return text.replace('"turns"', "")


@pytest.mark.parametrize("room", ["sparse"])
def test_old_words_are_gone_from_the_code(room):
    seen = {
        str(path.relative_to(SOURCE)): words
        for path in sorted((SOURCE / room).rglob("*.py"))
        if (words := found(known(path.read_text(encoding="utf-8")), old_words()))
    }
    assert seen == {}


def test_riddles_are_gone_everywhere():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    files = [*SOURCE.rglob("*.py"), *(page for page in pages if page != CONVENTIONS)]
    seen = {
        path.name: words
        for path in sorted(files)
        if (words := found(path.read_text(encoding="utf-8"), EVERYWHERE))
    }
    assert seen == {}


def refused_phrases():
    """Return the phrases in the right column of the table of plain words."""
    table = CONVENTIONS.read_text(encoding="utf-8").partition("**Plain words.**")[2]
    rows = re.findall(r"^\| [^|]+ \| ([^|]*)\|$", table.partition("\n\n**")[0], flags=re.M)
    return [phrase.strip() for row in rows[2:] for phrase in row.split(",")]


def phrases_in(text, phrases):
    """Return the phrases in a text, also over the ends of lines and of strings in code."""
    gap = r"""(?:[\s#]|"\s*f?"|'\s*f?')+"""
    return [p for p in phrases if re.search(rf"\b{gap.join(p.split())}\b", text, flags=re.I)]


def test_phrases_that_are_riddles_are_gone_everywhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    pages = [page for page in pages if page.name not in ("conventions.md", "CHANGELOG.md")]
    seen = {
        str(path.relative_to(ROOT)): found
        for path in [*SOURCE.rglob("*.py"), *pages]
        if (found := phrases_in(path.read_text(encoding="utf-8"), refused_phrases()))
    }
    assert seen == {}, "docs/conventions.md says what to write instead"


def test_the_check_of_phrases_can_fail():
    assert {"from which on", "stand in time", "one a seed", "lest"} <= set(refused_phrases())
    text = 'f"stimuli that stand "\n    f"in time, one a\n    seed"'
    assert phrases_in(text, refused_phrases()) == ["one a seed", "stand in time"]
    assert phrases_in("the fittest understand intimately", refused_phrases()) == []


def test_the_check_of_words_can_fail():
    assert {"draft", "turn", "judge", "worth", "watch", "news", "divide"} <= set(old_words())
    assert set(old_words()) >= EVERYWHERE
    text = "new_draft = DraftError(turns)  # is judged anew"
    assert found(text, old_words()) == ["anew", "draft", "judged", "turns"]
    assert found("a newsletter, returned", old_words()) == []


def test_one_class_one_name():
    sys.path.insert(0, str(ROOT / "scripts"))
    import house

    classes = house.classes_of(house.files_of(SOURCE))
    twice = {name for name, where in classes.items() if len(where) > 1}
    assert twice == set(), "give one of the classes another name"
