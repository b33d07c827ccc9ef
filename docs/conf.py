"""How Sphinx builds the pages and the reference: ``make docs``."""

from importlib.metadata import version as installed

project = "Unbraid"
author = "The Unbraid developers"
copyright = "2026, The Unbraid developers"  # noqa: A001
version = release = installed("unbraid")
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary",
              "sphinx.ext.mathjax"]  # fmt: skip
html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"reference/*": []}
exclude_patterns = ["_build"]
templates_path = ["_templates"]
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # the docstrings say types, with shapes
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]


def write_reference(app):
    """Write one page a room, which lists every public function and class in its own order."""
    import inspect
    from importlib import import_module
    from pathlib import Path

    import unbraid

    folder = Path(app.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    front = {"comparison": ["compare", "Comparison", "CompareConfig"],
             "evaluation": ["evaluate", "Evaluation", "EvaluateConfig"],
             "runs": ["load_run"], "errors": ["InputError", "UnbraidError"]}  # fmt: skip
    rooms = {"unbraid": [f"{home}.{name}" for home, names in front.items() for name in names]}
    for room in unbraid._ROOMS:
        rooms[f"unbraid.{room}"] = import_module(f"unbraid.{room}").__all__
    pages = set()
    for room, names in rooms.items():
        module = import_module(room)
        told = inspect.getdoc(module).splitlines()[0]
        lines = [room, "=" * len(room), "", told, "", f".. currentmodule:: {module.__name__}", "",
                 ".. autosummary::", "   :toctree: .", "   :nosignatures:", ""]  # fmt: skip
        found = [n for n in names if "." in n or callable(getattr(module, n))]
        page = folder / f"{room}.rst"
        text = "\n".join([*lines, *[f"   {name}" for name in found], ""])
        if not page.exists() or page.read_text() != text:
            page.write_text(text)
        pages |= {room, *(f"{room}.{name}" for name in found)}
    for page in folder.glob("unbraid*.rst"):
        if page.stem not in pages:  # of a name that there is no more
            page.unlink()


def setup(app):
    """Let the reference be written before the pages are looked for."""
    write_reference(app)
