"""Words whose meanings stand in known relations: pairs for analogies, compounds, things."""

from __future__ import annotations

ANALOGIES: dict[str, tuple[tuple[str, str], ...]] = {
    "capital of country": (
        ("france", "paris"), ("germany", "berlin"), ("italy", "rome"), ("spain", "madrid"),
        ("japan", "tokyo"), ("china", "beijing"), ("russia", "moscow"), ("england", "london"),
        ("greece", "athens"), ("egypt", "cairo"), ("poland", "warsaw"), ("austria", "vienna"),
        ("iraq", "baghdad"), ("iran", "tehran"), ("cuba", "havana"), ("norway", "oslo"),
        ("sweden", "stockholm"), ("finland", "helsinki"), ("hungary", "budapest"),
        ("portugal", "lisbon"), ("turkey", "ankara"), ("thailand", "bangkok"),
        ("vietnam", "hanoi"), ("kenya", "nairobi"),
    ),
    "female of male": (
        ("man", "woman"), ("king", "queen"), ("boy", "girl"), ("father", "mother"),
        ("brother", "sister"), ("son", "daughter"), ("uncle", "aunt"), ("nephew", "niece"),
        ("husband", "wife"), ("prince", "princess"), ("actor", "actress"), ("he", "she"),
        ("his", "her"), ("grandfather", "grandmother"), ("grandson", "granddaughter"),
        ("groom", "bride"), ("policeman", "policewoman"), ("waiter", "waitress"),
        ("duke", "duchess"), ("gentleman", "lady"),
    ),
    "plural of singular": (
        ("cat", "cats"), ("dog", "dogs"), ("car", "cars"), ("bird", "birds"), ("tree", "trees"),
        ("house", "houses"), ("computer", "computers"), ("child", "children"), ("road", "roads"),
        ("machine", "machines"), ("banana", "bananas"), ("bottle", "bottles"),
        ("building", "buildings"), ("cloud", "clouds"), ("color", "colors"), ("cow", "cows"),
        ("eye", "eyes"), ("finger", "fingers"), ("hand", "hands"), ("horse", "horses"),
        ("lion", "lions"), ("melon", "melons"), ("pig", "pigs"), ("rat", "rats"),
    ),
    "comparative of adjective": (
        ("big", "bigger"), ("small", "smaller"), ("fast", "faster"), ("slow", "slower"),
        ("high", "higher"), ("low", "lower"), ("long", "longer"), ("short", "shorter"),
        ("strong", "stronger"), ("weak", "weaker"), ("old", "older"), ("young", "younger"),
        ("cheap", "cheaper"), ("cold", "colder"), ("warm", "warmer"), ("hard", "harder"),
        ("large", "larger"), ("loud", "louder"), ("quick", "quicker"), ("safe", "safer"),
        ("sharp", "sharper"), ("simple", "simpler"), ("tall", "taller"), ("tight", "tighter"),
    ),
}  # fmt: skip
"""Relation -> (first, second) of each pair."""

COMPOUNDS: tuple[tuple[str, str, str], ...] = (
    ("rain", "coat", "raincoat"), ("snow", "ball", "snowball"), ("sun", "flower", "sunflower"),
    ("foot", "ball", "football"), ("air", "port", "airport"), ("book", "store", "bookstore"),
    ("bed", "room", "bedroom"), ("class", "room", "classroom"), ("birth", "day", "birthday"),
    ("home", "work", "homework"), ("news", "paper", "newspaper"), ("rail", "road", "railroad"),
    ("sea", "food", "seafood"), ("ship", "yard", "shipyard"), ("tooth", "brush", "toothbrush"),
    ("water", "fall", "waterfall"), ("wind", "mill", "windmill"), ("wheel", "chair", "wheelchair"),
    ("farm", "land", "farmland"), ("fire", "wood", "firewood"), ("grand", "father", "grandfather"),
    ("hair", "cut", "haircut"), ("head", "ache", "headache"), ("key", "board", "keyboard"),
    ("lip", "stick", "lipstick"), ("moon", "light", "moonlight"), ("note", "book", "notebook"),
    ("pan", "cake", "pancake"), ("play", "ground", "playground"), ("pop", "corn", "popcorn"),
    ("snow", "storm", "snowstorm"), ("steam", "boat", "steamboat"), ("sword", "fish", "swordfish"),
    ("tea", "pot", "teapot"), ("text", "book", "textbook"), ("thunder", "storm", "thunderstorm"),
    ("week", "end", "weekend"), ("black", "bird", "blackbird"), ("eye", "brow", "eyebrow"),
    ("back", "yard", "backyard"),
)  # fmt: skip
"""First part, second part, compound."""

THINGS: tuple[str, ...] = (
    "dog", "cat", "horse", "cow", "bird", "fish", "tree", "flower", "house", "car", "boat",
    "train", "bridge", "river", "mountain", "table", "chair", "lamp", "book", "clock", "bottle",
    "apple", "cake", "guitar", "piano", "ball", "hat", "shoe", "window", "door",
)  # fmt: skip
"""Things that sentences name, alone and two at a time."""
