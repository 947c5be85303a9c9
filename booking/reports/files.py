"""A report as files: a plot (PNG) and a table (CSV, whose numbers programs read), in the language that is spoken. Pure.

The library that draws is imported when it draws, in a process of its own: it takes more memory than the service.
"""

import csv
import io
from decimal import Decimal

from booking.reports.model import Figures, Report
from core.dates import full_date
from core.languages import _
from core.money import Money, exponent
from records.paper import as_seen, runs_leftwards
from records.shaping import shaped

_SIZE = (9.0, 5.0)
"""Inches, at 100 dots each."""


def report_csv(report: Report) -> bytes:
    """Return a row for each doctor and one for all together, in UTF-8; columns keep their order in each language."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [_("centre"), _("first day"), _("last day"), _("doctor"), _("booked"), _("done"), _("cancelled"), _("missed"),
         _("minutes taken"), _("minutes open"), _("utilisation"),
         *(_("earned {currency}", currency=each.currency) for each in report.earned)]
    )  # fmt: skip
    span = [_text(report.centre_name), report.first.isoformat(), report.last.isoformat()]
    for name, figures in report.doctors.items():
        writer.writerow([*span, _text(name), *_row(figures)])
    writer.writerow([*span, _("all"), *_row(report.total), *(_number(each) for each in report.earned)])
    return out.getvalue().encode()


def _text(name: str) -> str:
    """A name that a spreadsheet would take for a formula is one no more (OWASP, CSV injection)."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name


def _number(money: Money) -> str:
    return str(Decimal(money.amount).scaleb(-exponent(money.currency)))


def _row(figures: Figures) -> list[object]:
    part = figures.utilisation
    return [
        figures.booked, figures.done, figures.cancelled, figures.missed, figures.taken, figures.opened,
        "" if part is None else f"{part:.3f}",
    ]  # fmt: skip


def _drawn(text: str) -> str:
    """Letters joined, and in the order in which they are seen: the library draws one after the other."""
    return as_seen(shaped(text), leftwards=runs_leftwards(text))


def report_plot(report: Report) -> bytes:
    """Draw visits by day, and each doctor's utilisation. Takes about a second, most of it loading the library."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=_SIZE, dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, height_ratios=(3, max(1.5, 0.4 * len(report.doctors))))
    days = list(report.by_day)
    above.bar(days, list(report.by_day.values()), color="#2a6f97", width=0.8)
    title = _(
        "{centre}: visits by day, {first} to {last}",
        centre=report.centre_name,
        first=full_date(report.first),
        last=full_date(report.last),
    )
    above.set_title(_drawn(title), parse_math=False)
    above.yaxis.get_major_locator().set_params(integer=True)
    above.margins(x=0.01)
    figure.autofmt_xdate()
    names = list(report.doctors)[::-1]
    parts = [100 * (report.doctors[name].utilisation or 0.0) for name in names]
    bars = below.barh(range(len(names)), parts, color="#61a5c2")
    below.set_yticks(range(len(names)), [_drawn(name) for name in names], parse_math=False)
    below.bar_label(bars, [f"{part:.0f} %" for part in parts], padding=3)
    below.set_xlim(0, max(100.0, *parts, 0.0) * 1.1)
    below.set_xlabel(_drawn(_("part of the open hours that was taken, in percent")), parse_math=False)
    out = io.BytesIO()
    canvas.print_png(out)  # type: ignore[no-untyped-call]
    return out.getvalue()
