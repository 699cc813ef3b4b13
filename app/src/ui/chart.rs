//! Charts as SVG. The geometry is pure, so that the server and the browser draw the same.

use std::fmt::Write as _;

use leptos::prelude::*;
use onhand::wire::page::{HistoryPoint, IntakeMinute};

use crate::format::{counted, grouped};

/// Width of a spark line's coordinates.
const SPARK_WIDTH: f64 = 100.0;
/// Height of a spark line's coordinates.
const SPARK_HEIGHT: f64 = 28.0;
/// Width of a chart's coordinates; it is stretched to the space there is.
const CHART_WIDTH: f64 = 600.0;
/// Height of a chart's coordinates.
const CHART_HEIGHT: f64 = 160.0;
/// Series that can be told apart; more locations than these are left out, which the page says.
pub const SERIES_MAX: usize = 5;

#[expect(clippy::cast_precision_loss, reason = "quantities are far below 2^53")]
fn float(number: i64) -> f64 {
    number as f64
}

/// A coordinate with one digit behind the point. Not by `format!`, whose way with floats is more
/// code than all charts together.
#[expect(clippy::cast_possible_truncation, reason = "coordinates are at most a few thousand")]
fn coordinate(at: f64) -> String {
    let tenths = (at * 10.0 + 0.5).floor() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    let tenths = tenths.unsigned_abs();
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// The largest and smallest of some values, with 0 among them, never equal.
fn range(values: impl Iterator<Item = i64>) -> (i64, i64) {
    let (low, high) = values.fold((0, 0), |(low, high), value| (value.min(low), value.max(high)));
    if low == high { (low, high + 1) } else { (low, high) }
}

/// The path of a line through evenly spaced values, between their smallest and largest.
fn line_path(values: &[i64], width: f64, height: f64) -> String {
    let low = values.iter().copied().min().unwrap_or(0);
    let high = values.iter().copied().max().unwrap_or(0);
    // What does not change runs along the middle.
    let (low, high) = if low == high { (low - 1, high + 1) } else { (low, high) };
    let step = width / float(i64::try_from(values.len().max(2) - 1).unwrap_or(1));
    let mut path = String::new();
    let mut x = 0.0;
    for (index, value) in values.iter().enumerate() {
        let y = height - height * float(value - low) / float(high - low);
        let command = if index == 0 { 'M' } else { 'L' };
        // Writing into a string cannot fail.
        let _ = write!(path, "{command}{} {}", coordinate(x), coordinate(y));
        x += step;
    }
    path
}

/// A small line without axes; the words beside it say what it shows.
pub fn spark(values: &[i64]) -> AnyView {
    let line = if values.len() < 2 {
        let middle = coordinate(SPARK_HEIGHT / 2.0);
        format!("M0 {middle}L{} {middle}", coordinate(SPARK_WIDTH))
    } else {
        line_path(values, SPARK_WIDTH, SPARK_HEIGHT)
    };
    let area = format!("{line}V{}H0Z", coordinate(SPARK_HEIGHT));
    view! {
        <svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
            <path class="spark-area" d=area></path>
            <path class="spark-line" d=line></path>
        </svg>
    }
    .into_any()
}

/// One stacked bar: its distance from the left, and the heights of its parts from the ground up.
#[derive(Debug, Clone, PartialEq)]
struct Bar {
    x: f64,
    /// (class, top, height)
    parts: [(&'static str, f64, f64); 3],
    title: String,
}

const APPLIED_CLASS: &str = "chart-bar series-1";
const OTHER_CLASS: &str = "chart-bar series-5";
const CONFLICT_CLASS: &str = "chart-bar bar-conflict";

fn total(minute: &IntakeMinute) -> i64 {
    i64::from(minute.applied) + i64::from(minute.conflict) + i64::from(minute.other)
}

/// Minutes of a day as `10:05`, in UTC.
fn clock_of(minute: i64) -> String {
    let of_day = minute.rem_euclid(24 * 60);
    format!("{:02}:{:02}", of_day / 60, of_day % 60)
}

fn bars(minutes: &[IntakeMinute]) -> (Vec<Bar>, f64, i64) {
    let (_, high) = range(minutes.iter().map(total));
    let step = CHART_WIDTH / float(i64::try_from(minutes.len().max(1)).unwrap_or(1));
    let mut x = 0.0;
    let mut bars = Vec::with_capacity(minutes.len());
    for minute in minutes {
        let mut ground = CHART_HEIGHT;
        let mut part = |class: &'static str, count: u32| {
            let height = CHART_HEIGHT * f64::from(count) / float(high);
            ground -= height;
            (class, ground, height)
        };
        let parts = [
            part(APPLIED_CLASS, minute.applied),
            part(OTHER_CLASS, minute.other),
            part(CONFLICT_CLASS, minute.conflict),
        ];
        let title = format!(
            "{} UTC: {} applied, {} in conflict, {} other",
            clock_of(minute.minute),
            minute.applied,
            minute.conflict,
            minute.other
        );
        bars.push(Bar { x, parts, title });
        x += step;
    }
    (bars, step, high)
}

/// Intake by minute and outcome, with its numbers as a table.
pub fn intake_chart(minutes: &[IntakeMinute]) -> AnyView {
    let (bars, step, high) = bars(minutes);
    let width = coordinate((step * 0.72).max(1.0));
    let drawn = bars
        .into_iter()
        .map(|bar| {
            let parts = bar
                .parts
                .into_iter()
                .filter(|(_, _, height)| *height > 0.0)
                .map(|(class, top, height)| {
                    view! {
                        <rect
                            class=class
                            x=coordinate(bar.x)
                            y=coordinate(top)
                            width=width.clone()
                            height=coordinate(height)
                        ></rect>
                    }
                })
                .collect_view();
            view! { <g><title>{bar.title}</title>{parts}</g> }
        })
        .collect_view();
    let first = minutes.first().map(|minute| clock_of(minute.minute));
    let last = minutes.last().map(|minute| clock_of(minute.minute));
    let events: i64 = minutes.iter().map(total).sum();
    let summary = format!(
        "{} in {}, at most {} in one minute",
        counted(events.unsigned_abs(), "event", "events"),
        counted(minutes.len() as u64, "minute", "minutes"),
        grouped(high)
    );
    view! {
        <figure class="plot">
            <div class="plot-scale" aria-hidden="true">
                <span>{grouped(high)}</span>
                <span>"0"</span>
            </div>
            <svg
                class="chart"
                viewBox="0 0 600 160"
                preserveAspectRatio="none"
                role="img"
                aria-label=summary
            >
                <path class="chart-grid" d="M0 0H600M0 80H600M0 160H600"></path>
                {drawn}
            </svg>
            <div class="plot-span" aria-hidden="true">
                <span>{first} " UTC"</span>
                <span>{last}</span>
            </div>
        </figure>
    }
    .into_any()
}

/// The numbers of the intake chart, newest first.
pub fn intake_table(minutes: &[IntakeMinute]) -> AnyView {
    let rows = minutes
        .iter()
        .rev()
        .map(|minute| {
            view! {
                <tr>
                    <td>{clock_of(minute.minute)}</td>
                    <td class="num">{minute.applied}</td>
                    <td class="num">{minute.conflict}</td>
                    <td class="num">{minute.other}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table table-dense">
            <thead>
                <tr>
                    <th>"Minute (UTC)"</th>
                    <th class="num">"Applied"</th>
                    <th class="num">"Conflict"</th>
                    <th class="num">"Other"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

const fn series_class(index: usize) -> &'static str {
    match index {
        0 => "series-1",
        1 => "series-2 dash-2",
        2 => "series-3 dash-3",
        3 => "series-4 dash-4",
        _ => "series-5 dash-5",
    }
}

/// The locations of a history in the order of their first point.
fn locations(points: &[HistoryPoint]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for point in points {
        if !names.contains(&point.location.as_str()) {
            names.push(&point.location);
        }
    }
    names
}

/// The step line of one location: level until the moment of the next change.
fn step_path(
    points: &[HistoryPoint],
    location: &str,
    (start, end): (i64, i64),
    (low, high): (i64, i64),
) -> String {
    let x = |at: i64| CHART_WIDTH * float(at - start) / float((end - start).max(1));
    let y = |value: i64| CHART_HEIGHT - CHART_HEIGHT * float(value - low) / float(high - low);
    let mut path = String::new();
    for point in points.iter().filter(|point| point.location == location) {
        let (x, y) = (coordinate(x(point.at_us)), coordinate(y(point.on_hand)));
        // Writing into a string cannot fail.
        let _ = if path.is_empty() { write!(path, "M{x} {y}") } else { write!(path, "H{x}V{y}") };
    }
    if !path.is_empty() {
        path.push('H');
        path.push_str(&coordinate(CHART_WIDTH));
    }
    path
}

/// `on_hand` over time, a step line a location.
pub fn history_chart(points: &[HistoryPoint]) -> AnyView {
    let (low, high) = range(points.iter().map(|point| point.on_hand));
    // Some air above the highest line, so that it is not cut off.
    let values = (low, high + (high - low) / 12 + 1);
    let start = points.first().map_or(0, |point| point.at_us);
    let end = points.last().map_or(1, |point| point.at_us);
    // The present level is drawn a little beyond the last change.
    let span = (start, end + (end - start) / 12 + 1);
    let zero = CHART_HEIGHT - CHART_HEIGHT * float(-values.0) / float(values.1 - values.0);
    let names = locations(points);
    let lines = names
        .iter()
        .take(SERIES_MAX)
        .enumerate()
        .map(|(index, name)| {
            let path = step_path(points, name, span, values);
            view! { <g class=series_class(index)><path class="chart-line" d=path></path></g> }
        })
        .collect_view();
    let legend = names
        .iter()
        .take(SERIES_MAX)
        .enumerate()
        .map(|(index, name)| legend_item(series_class(index), (*name).to_owned()))
        .collect_view();
    let label = format!(
        "Units on hand at {}, between {} and {}",
        names.join(", "),
        grouped(values.0),
        grouped(values.1)
    );
    let from = onhand::time::Timestamp::from_micros(start);
    let to = onhand::time::Timestamp::from_micros(end);
    view! {
        <figure class="plot">
            <div class="plot-scale" aria-hidden="true">
                <span>{grouped(values.1)}</span>
                <span>{grouped(values.0)}</span>
            </div>
            <svg
                class="chart"
                viewBox="0 0 600 160"
                preserveAspectRatio="none"
                role="img"
                aria-label=label
            >
                <path class="chart-grid" d="M0 0H600M0 80H600M0 160H600"></path>
                <path class="chart-grid" d=format!("M0 {}H600", coordinate(zero))></path>
                {lines}
            </svg>
            <div class="plot-span">
                <super::clock::Time at=Signal::stored(from)/>
                <super::clock::Time at=Signal::stored(to)/>
            </div>
            <figcaption class="legend">{legend}</figcaption>
        </figure>
    }
    .into_any()
}

/// A line's look beside its name.
fn legend_item(class: &'static str, name: String) -> AnyView {
    view! {
        <span class="legend-item">
            <svg class="legend-mark" viewBox="0 0 20 8" aria-hidden="true">
                <g class=class>
                    <path class="chart-line" d="M0 4H20"></path>
                </g>
            </svg>
            {name}
        </span>
    }
    .into_any()
}

/// What the colours of the intake chart mean, from the ground up.
pub fn intake_legend() -> AnyView {
    let item = |class: &'static str, name: &'static str| {
        view! {
            <span class="legend-item">
                <svg class="legend-mark" viewBox="0 0 20 8" aria-hidden="true">
                    <rect class=class width="20" height="8" rx="2"></rect>
                </svg>
                {name}
            </span>
        }
    };
    view! {
        <div class="legend">
            {item(APPLIED_CLASS, "Applied")} {item(OTHER_CLASS, "Other outcomes")}
            {item(CONFLICT_CLASS, "Conflict")}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64, applied: u32, conflict: u32, other: u32) -> IntakeMinute {
        IntakeMinute { minute, applied, conflict, other }
    }

    fn point(at_us: i64, location: &str, on_hand: i64) -> HistoryPoint {
        HistoryPoint { seq: 1, at_us, location: location.to_owned(), on_hand }
    }

    #[test]
    fn bars_stand_on_the_ground_and_fit_the_height() {
        let (bars, step, high) = bars(&[minute(0, 6, 2, 0), minute(1, 1, 0, 1)]);
        assert_eq!((bars.len(), high), (2, 8));
        assert!((step - 300.0).abs() < f64::EPSILON);
        let [applied, other, conflict] = bars[0].parts;
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} is not {b}");
        near(applied.1, 40.0);
        near(applied.2, 120.0);
        near(other.2, 0.0);
        // The highest bar reaches the top.
        near(conflict.1, 0.0);
        near(conflict.2, 40.0);
        assert_eq!(bars[1].title, "00:01 UTC: 1 applied, 0 in conflict, 1 other");
    }

    #[test]
    fn nothing_at_all_is_drawn_without_dividing_by_zero() {
        let (empty, _, high) = bars(&[]);
        assert!(empty.is_empty() && high == 1);
        assert_eq!(line_path(&[7, 7], 100.0, 28.0), "M0.0 14.0L100.0 14.0");
        assert_eq!(line_path(&[3, 5], 100.0, 28.0), "M0.0 28.0L100.0 0.0");
        assert_eq!(line_path(&[], 100.0, 28.0), "");
    }

    #[test]
    fn coordinates_have_one_digit_behind_the_point() {
        for (at, text) in
            [(0.0, "0.0"), (7.25, "7.3"), (0.04, "0.0"), (599.96, "600.0"), (-0.3, "-0.3")]
        {
            assert_eq!(coordinate(at), text);
        }
    }

    #[test]
    fn a_step_line_stays_level_until_the_next_change() {
        let points = [point(0, "a", 10), point(50, "b", 1), point(100, "a", -10)];
        let path = step_path(&points, "a", (0, 200), (-10, 10));
        assert_eq!(path, "M0.0 0.0H300.0V160.0H600.0");
        assert_eq!(step_path(&points, "c", (0, 200), (-10, 10)), "");
        assert_eq!(locations(&points), ["a", "b"]);
    }

    #[test]
    fn minutes_are_told_by_the_clock() {
        assert_eq!(clock_of(605), "10:05");
        assert_eq!(clock_of(24 * 60 + 1), "00:01");
    }
}
