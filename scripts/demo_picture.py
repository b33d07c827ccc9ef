"""Run the demo and draw its headline as docs/demo.svg, the picture of the README."""

import sys
from pathlib import Path

from unbraid import comparison, report
from unbraid.studies.demo import Demo, run

PICTURE = Path(__file__).parent.parent / "docs" / "demo.svg"

if __name__ == "__main__":
    result = run(Demo(), lambda message, share: sys.stderr.write(f"{share:4.0%}  {message}\n"))
    headline = result.config.options.scored[:1]
    figure = comparison.score_figure(result.comparison, "codes", headline, "Two networks")
    PICTURE.write_text(report.figure_svg(figure), encoding="utf-8")
