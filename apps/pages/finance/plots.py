"""Pictures of tone: over time with one topic in front, or by topic where there are no dates."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from apps.locale import Locale
from apps.plots import blank_figure
from apps.theme import ATTENTION, MUTED, TONE_COLOURS
from solutions.finance.trends import Trend, tone_over_time

__all__ = ["frequency", "share_by_topic", "tone_plot", "worst_topic"]

# A period with fewer items says little of a topic: the title is not taken from it, and days are joined into weeks.
_FEWEST_ITEMS = 5
_HIGH = 0.85  # a figure above it stands below its point, since the title is above


def frequency(scored: pd.DataFrame) -> str:
    """Return days where a topic has enough items a day to speak of a share, and weeks otherwise.

    Parameters
    ----------
    scored : DataFrame
        Columns ``time`` (dates, none missing) and ``topic``.
    """
    a_day = scored.groupby(["topic", scored["time"].dt.floor("D")]).size()
    return "D" if a_day.median() >= _FEWEST_ITEMS else "W"


def worst_topic(trend: pd.DataFrame) -> str:
    """Return the topic with the period that is bad with the most certainty: the highest lower bound."""
    return str(trend.loc[trend[Trend.LOW].idxmax(), Trend.TOPIC])


def tone_plot(words: Locale, trend: pd.DataFrame, topic: str, names: Mapping[str, str], *, weekly: bool) -> go.Figure:
    """Draw the negative share over time: one topic with its interval, the others behind it in grey.

    Parameters
    ----------
    trend : DataFrame
        As ``tone_over_time`` gives it.
    topic : str
        The one in the foreground.
    names : mapping of topic to its name in the page's language
    """
    front = trend[trend[Trend.TOPIC] == topic]
    many = front[front[Trend.ITEMS] >= min(_FEWEST_ITEMS, front[Trend.ITEMS].max())]
    peak = front.loc[many[Trend.LOW].idxmax()]
    when = words("finance.plot_week" if weekly else "finance.plot_day", date=f"{peak[Trend.TIME]:%Y-%m-%d}")
    title = words(
        "finance.plot_title",
        topic=names.get(topic, topic),
        share=f"{peak[Trend.SHARE]:.0%}",
        when=when,
        items=int(peak[Trend.ITEMS]),
    )
    figure = blank_figure(title, 420)
    hover = words("finance.plot_hover", share=words("finance.plot_share"))
    for other, rows in trend.groupby(Trend.TOPIC):
        if other != topic:
            figure.add_scatter(
                x=rows[Trend.TIME], y=rows[Trend.SHARE], customdata=rows[Trend.ITEMS], mode="lines",
                name=names.get(other, other), line={"color": "rgba(127,140,141,0.35)", "width": 1}, hovertemplate=hover,
            )  # fmt: skip
    figure.add_scatter(
        x=pd.concat([front[Trend.TIME], front[Trend.TIME][::-1]]),
        y=pd.concat([front[Trend.HIGH], front[Trend.LOW][::-1]]),
        mode="lines", line={"width": 0}, fill="toself", fillcolor="rgba(213,94,0,0.15)", hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=front[Trend.TIME], y=front[Trend.SHARE], customdata=front[Trend.ITEMS], mode="lines+markers",
        name=names.get(topic, topic), line={"color": TONE_COLOURS["negative"], "width": 2.5},
        marker={"size": 4 + 2 * front[Trend.ITEMS].clip(upper=6)}, hovertemplate=hover,
    )  # fmt: skip
    figure.add_annotation(
        x=peak[Trend.TIME], y=peak[Trend.SHARE], text=f"{peak[Trend.SHARE]:.0%}", arrowcolor=ATTENTION, showarrow=True,
        ay=30 if peak[Trend.SHARE] > _HIGH else -30,
    )  # fmt: skip
    figure.update_yaxes(range=[-0.02, 1.08], tickformat=".0%", title=words("finance.plot_share"))
    if trend[Trend.TIME].min() == trend[Trend.TIME].max():  # of a single moment plotly would show milliseconds
        figure.update_xaxes(tickvals=[peak[Trend.TIME]], tickformat="%Y-%m-%d")
    figure.update_layout(showlegend=False, hovermode="closest")
    return figure


def share_by_topic(words: Locale, scored: pd.DataFrame, names: Mapping[str, str]) -> go.Figure:
    """Draw the negative share of each topic with its interval, for tables without dates."""
    # one period that holds everything
    trend = tone_over_time(scored.assign(time=pd.Timestamp(0)), "D").sort_values(Trend.SHARE)
    figure = blank_figure(words("finance.plot_plain"), 420)
    figure.add_bar(
        x=trend[Trend.SHARE],
        y=[names.get(topic, topic) for topic in trend[Trend.TOPIC]],
        error_x={
            "array": trend[Trend.HIGH] - trend[Trend.SHARE],
            "arrayminus": trend[Trend.SHARE] - trend[Trend.LOW],
            "color": MUTED,
        },
        orientation="h",
        marker_color=TONE_COLOURS["negative"],
        text=[f"{items} {words('finance.items')}" for items in trend[Trend.ITEMS]],
        textposition="inside",
        insidetextanchor="start",
    )
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title=words("finance.plot_share"))
    return figure
