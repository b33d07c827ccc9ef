"""Colours by role, for light and dark: blue, vermilion and grey survive colour blindness."""

from __future__ import annotations

LIGHT = {
    "paper": "#ffffff",
    "raised": "#f6f7f9",
    "line": "#dde2e8",
    "grid": "#e9edf1",
    "ink": "#161b22",
    "soft": "#3d4752",
    "muted": "#5c6773",
    "faint": "#87919d",
    "before": "#5b6775",
    "after": "#0b66b0",
    "control": "#bd4d07",
    "ceiling": "#1f2832",
    "null": "#7b8692",
    "prediction": "#80429a",
    "c1": "#0b66b0",
    "c2": "#bd4d07",
    "c3": "#0d7a5f",
    "c4": "#80429a",
    "c5": "#8a6a00",
    "c6": "#5b6775",
    "c7": "#b8327f",
    "c8": "#4f7a12",
    "c9": "#7d4a2b",
    "c10": "#0f7a92",
    "hot": "#5aa5e0",
    "cold": "#eb9a66",
    "gain": "#0b66b0",
    "no-gain": "#5b6775",
    "explained-by-control": "#bd4d07",
    "cannot-help": "#80429a",
}

DARK = {
    "paper": "#11151a",
    "raised": "#191f26",
    "line": "#2e3741",
    "grid": "#242c35",
    "ink": "#edf1f5",
    "soft": "#c5ced7",
    "muted": "#9aa6b2",
    "faint": "#76828e",
    "before": "#a3b0bd",
    "after": "#63b3f5",
    "control": "#f5955a",
    "ceiling": "#e4eaf0",
    "null": "#8793a0",
    "prediction": "#c9a0de",
    "c1": "#63b3f5",
    "c2": "#f5955a",
    "c3": "#4fc3a1",
    "c4": "#c9a0de",
    "c5": "#d9b64a",
    "c6": "#a3b0bd",
    "c7": "#f08cc4",
    "c8": "#a9cf5c",
    "c9": "#cf9f7b",
    "c10": "#5ccfe0",
    "hot": "#2a6699",
    "cold": "#9c5220",
    "gain": "#63b3f5",
    "no-gain": "#a3b0bd",
    "explained-by-control": "#f5955a",
    "cannot-help": "#c9a0de",
}

SANS = (
    '-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans","Helvetica Neue",Arial,'
    "system-ui,sans-serif"
)

FIGURE_CSS = """\
.fig text{font-family:var(--sans);font-size:13px;fill:var(--ink);font-variant-numeric:tabular-nums}
.fig .s{font-size:11.5px}.fig .m{fill:var(--muted)}.fig .b{font-weight:600}
.fig .e{text-anchor:end}.fig .c{text-anchor:middle}
.fig .grid{stroke:var(--grid)}.fig .axis{stroke:var(--line)}.fig .zero{stroke:var(--faint)}
.fig .guide{stroke:var(--before);stroke-dasharray:1 4;stroke-linecap:round;stroke-width:1.5}
.fig .ref{stroke:var(--faint);stroke-dasharray:5 4}
.fig .ring{fill:none;stroke:var(--null);stroke-width:1.3;stroke-dasharray:2.2 1.8}
.fig .cross{stroke:var(--null);stroke-width:1.5}
.fig .hit{fill:transparent}.fig .under{fill:var(--paper)}
.fig .halo{stroke:var(--paper);stroke-width:4;paint-order:stroke}
.fig .f{fill:var(--k);stroke:none}.fig text.f{fill:var(--k)}
.fig .o{fill:var(--paper);stroke:var(--k);stroke-width:2.2}
.fig .l{fill:none;stroke:var(--k);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.fig .w{stroke:var(--k);stroke-width:3;stroke-linecap:round}
.fig .whisker{stroke:var(--ink);stroke-width:1.4;stroke-opacity:.75}
.fig .a{fill:var(--k);fill-opacity:.15}.fig .a2{fill:var(--k);fill-opacity:.8}
.fig .card{fill:none;stroke:var(--line)}.fig .empty{fill:var(--raised)}
"""
SERIES = tuple(f"c{i}" for i in range(1, 11))
"""Colours of series without a role, in order."""
ROLES = ("before", "after", "control", "ceiling", "null", "prediction", *SERIES, "hot", "cold")
ROLE_CSS = "".join(f".k-{role}{{--k:var(--{role})}}" for role in ROLES)


def variables(colours: dict[str, str]) -> str:
    """Return the palette as CSS custom properties."""
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def page_css() -> str:
    """Return the colours of a page: as the system has them, as its button says, light on paper."""
    light, dark = variables(LIGHT), variables(DARK)
    return (
        f":root{{{light}--sans:{SANS};color-scheme:light}}"
        "@media(prefers-color-scheme:dark)"
        f"{{:root:not([data-theme=light]){{{dark}color-scheme:dark}}}}"
        f":root[data-theme=dark]{{{dark}color-scheme:dark}}"
        "@media print{:root,:root[data-theme],:root:not([data-theme=light])"
        f"{{{light}color-scheme:light}}}}"
    )


def standalone_css(body: str) -> str:
    """Return the style of the drawing ``body`` on its own: light colours and no variables."""
    rules, used = [], [role for role in ROLES if f'k-{role}"' in body]
    for rule in FIGURE_CSS.replace("var(--sans)", SANS).replace("}", "}\n").split("\n"):
        roles = used if "var(--k)" in rule else [""]
        for role in roles:
            scoped = rule.replace(".fig ", f".k-{role} ").replace("var(--k)", f"var(--{role})")
            rules.append(scoped if role else rule)
    css = "\n".join(rule for rule in rules if rule)
    for name, colour in LIGHT.items():
        css = css.replace(f"var(--{name})", colour)
    return css
