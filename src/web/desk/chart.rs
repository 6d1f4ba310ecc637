//! Stacked bars as SVG, drawn at the server. Colours are classes of the style sheet, so that they follow light and dark.

use std::fmt::Write as _;

use askama::filters::{Escaper, Html};

use crate::desk::figures::Series;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
/// Room for the numbers at the left and the times below.
const LEFT: f64 = 44.0;
const BELOW: f64 = 22.0;

/// One bar for each step, one part for each series; `labels` are under the bars, empty where there is none.
pub(super) fn bars(title: &str, series: &[Series], labels: &[String]) -> String {
    let steps = labels.len().max(1);
    let height_of = |step: usize| series.iter().filter_map(|one| one.counts.get(step)).sum::<u64>();
    let top = ceiling((0..steps).map(height_of).max().unwrap_or(0));
    let (room, wide) = (HEIGHT - BELOW, (WIDTH - LEFT) / steps as f64);
    let y = |count: u64| room - count as f64 / top as f64 * (room - 8.0);

    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escaped(title)
    );
    for line in [0, top / 2, top] {
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/><text x=\"{1}\" y=\"{2:.1}\" text-anchor=\"end\">{line}</text>",
            y(line),
            LEFT - 6.0,
            y(line) + 4.0,
        );
    }
    for step in 0..steps {
        let x = LEFT + wide * step as f64;
        let mut below = 0;
        for (place, one) in series.iter().enumerate() {
            let count = one.counts.get(step).copied().unwrap_or(0);
            if count > 0 {
                let _ = write!(
                    svg,
                    "<rect class=\"part-{place}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}: {count}</title></rect>",
                    x + wide * 0.1,
                    y(below + count),
                    wide * 0.8,
                    y(below) - y(below + count),
                    escaped(&one.word),
                );
            }
            below += count;
        }
        if let Some(label) = labels.get(step).filter(|label| !label.is_empty()) {
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                x + wide / 2.0,
                HEIGHT - 4.0,
                escaped(label)
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

/// The next number of the form 2, 4, 10, 20, 40, 100… that is not below: halves of it are whole.
fn ceiling(count: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for step in [2, 4, 10] {
            let number = unit.saturating_mul(step);
            if number >= count {
                return number;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    // Writing to a string cannot fail.
    let _ = Html.write_escaped_str(&mut safe, text);
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_each_other_and_names_are_text() {
        let series =
            [Series { word: "answered".into(), counts: vec![3, 0] }, Series { word: "<b>".into(), counts: vec![1, 2] }];
        let svg = bars("Turns & more", &series, &["08:00".into(), String::new()]);
        assert_eq!(svg.matches("<rect").count(), 3, "nothing is drawn for nothing");
        assert!(svg.contains("aria-label=\"Turns &#38; more\"") && svg.contains("&#60;b&#62;: 2"), "{svg}");
        assert!(!svg.contains("style="), "the policy of the page allows no inline style");
    }

    #[test]
    fn the_scale_ends_on_a_round_number() {
        assert_eq!(
            [ceiling(0), ceiling(3), ceiling(4), ceiling(11), ceiling(25), ceiling(101)],
            [2, 4, 4, 20, 40, 200]
        );
    }

    #[test]
    fn nothing_at_all_is_an_empty_chart() {
        assert!(bars("Nothing", &[], &[]).ends_with("</svg>"));
    }
}
