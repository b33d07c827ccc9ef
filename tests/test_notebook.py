"""How an object shows itself in a notebook."""

from unbraid._notebook import card


def test_a_card_is_a_caption_and_a_table_of_facts():
    html = card("Score", [("value", 0.123456), ("null", float("nan")), ("n", 40), ("a<b", "<i>")])
    rows = [row.split("</tr>")[0] for row in html.split("<tr>")[1:]]
    cells = [[part.split("<")[0] for part in row.split("'text-align:left'>")[1:]] for row in rows]
    assert cells == [
        ["value", "0.123"],
        ["null", "not known"],
        ["n", "40"],
        ["a&lt;b", "&lt;i&gt;"],
    ]
    assert "<b>Score</b>" in html
