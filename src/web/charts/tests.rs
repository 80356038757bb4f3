use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn span(minutes: i64) -> Span {
    Span { from: START, to: START.plus_seconds(minutes * 60) }
}

fn chart(minutes: i64, series: Vec<Series>) -> Chart {
    Chart {
        id: "requests".to_owned(),
        title: "Requests by side".to_owned(),
        span: span(minutes),
        unit: Unit::Count,
        series,
        limits: Vec::new(),
        marks: Vec::new(),
    }
}

fn wave(name: &str, stroke: Stroke, minutes: i64) -> Series {
    let value = |minute: i64| f64::from(i32::try_from(minute % 97).expect("small")) * 13.7;
    let points =
        (0..minutes).map(|minute| (START.plus_seconds(minute * 60), Some(value(minute)))).collect();
    Series { name: name.to_owned(), stroke, points }
}

fn mark(minute: i64, text: &str) -> Mark {
    Mark {
        at: START.plus_seconds(minute * 60),
        kind: MarkKind::Raised,
        text: text.to_owned(),
        href: Some("/history?revision=7".to_owned()),
    }
}

#[test]
fn a_chart_of_thirty_days_is_small() {
    let minutes = 30 * 1440;
    let strokes = [Stroke::Legacy, Stroke::Ssot, Stroke::Quiet];
    let names = ["legacy p50", "legacy p95", "legacy p99", "ssot p50", "ssot p95", "ssot p99"];
    for count in [1, 2, 3, 6] {
        let series = names.iter().take(count).enumerate();
        let series = series.map(|(number, name)| wave(name, strokes[number % 3], minutes));
        let mut chart = chart(minutes, series.collect());
        chart.limits.push(Limit { name: "error budget".to_owned(), value: 900.0 });
        chart
            .marks
            .extend((0..8).map(|day| mark(day * 4_000, "raised to 10 % by ada: fine so far")));
        let size = chart.to_string().len();
        assert!(size < 17_000, "{count} lines take {size} bytes");
    }
}

#[test]
fn a_chart_tells_its_values_to_whoever_does_not_see_it() {
    let text = chart(4, vec![wave("legacy", Stroke::Legacy, 4)]).to_string();
    assert!(text.contains("legacy: latest 41.1, from 0 to 41.1."), "{text}");
    assert!(text.contains(r#"role="img" aria-labelledby="requests-title requests-said""#));
    assert!(text.contains("<title>08:01 UTC\nlegacy: 13.7</title>"), "{text}");
    assert!(text.contains(r#"<tr><th scope="row">08:01</th><td>13.7</td></tr>"#));
    assert!(text.contains("<caption>Requests by side, 15 Jan 08:00 to 08:04 UTC</caption>"));
}

#[test]
fn a_chart_without_values_says_so() {
    let text = chart(60, Vec::new()).to_string();
    assert!(text.contains("No values.") && text.contains("No evidence yet"), "{text}");
    assert!(!text.contains("slider"), "there is nothing to walk along");
}

#[test]
fn lines_of_one_stroke_differ_in_their_dashes_and_others_in_their_shape() {
    let series = vec![
        wave("p50", Stroke::Ssot, 9),
        wave("p50", Stroke::Legacy, 9),
        wave("p99", Stroke::Ssot, 9),
    ];
    let text = chart(9, series).to_string();
    for class in ["chart-ssot chart-dash-0", "chart-legacy chart-dash-0", "chart-ssot chart-dash-1"]
    {
        assert!(text.contains(class), "{class}");
    }
    let all =
        [Stroke::Legacy, Stroke::Ssot, Stroke::Good, Stroke::Warm, Stroke::Hot, Stroke::Quiet];
    let shapes: std::collections::BTreeSet<_> = all.iter().map(|stroke| stroke.shape()).collect();
    assert_eq!(shapes.len(), all.len());
}

#[test]
fn what_is_left_out_is_counted() {
    let series = (0..10).map(|_| wave("many", Stroke::Good, 3)).collect();
    let mut chart = chart(60, series);
    chart.marks = (0..20).map(|minute| mark(minute, "held by ada")).collect();
    let text = chart.to_string();
    assert!(text.contains("2 more are not shown"));
    assert!(text.contains("4 earlier changes are not shown"));
}

#[test]
fn hostile_words_are_words() {
    let hostile = r#""><script>alert(1)</script><img src=x onerror='alert(2)'>"#;
    let mut chart = chart(4, vec![wave(hostile, Stroke::Hot, 4)]);
    chart.id = hostile.to_owned();
    chart.title = hostile.to_owned();
    chart.limits.push(Limit { name: hostile.to_owned(), value: 3.0 });
    chart.marks.push(Mark { href: Some("javascript:alert(3)".to_owned()), ..mark(1, hostile) });
    chart.marks.push(Mark { href: Some(format!("/{hostile}")), ..mark(2, hostile) });
    let text = chart.to_string();
    assert!(!text.contains("<script") && !text.contains("<img") && !text.contains("javascript:"));
    assert!(!text.contains("style="), "the content policy forbids it");
    assert!(text.contains(r#"id="---script-alert-1---script--img-src-x-on"#), "{text}");
}

/// Every number that stands in an attribute of this name, without its per cent sign.
fn numbers(text: &str, attribute: &str) -> Vec<f64> {
    let opening = format!(" {attribute}=\"");
    let values = text.split(&opening).skip(1).filter_map(|rest| rest.split('"').next());
    values.map(|value| value.trim_end_matches('%').parse().expect("a number")).collect()
}

/// The points of every path of the lines' part, each from its distance to the one before.
fn paths(text: &str) -> Vec<Vec<(f64, f64)>> {
    let plot = text.split("preserveAspectRatio").nth(1).expect("the lines' part");
    let plot = plot.split("</svg>").next().expect("its end");
    let stretch = |stretch: &str| {
        let pairs = stretch.replace('l', " ");
        let numbers: Vec<f64> =
            pairs.split_whitespace().map(|each| each.parse().expect("a number")).collect();
        let places = numbers.chunks(2).scan((0.0, 0.0), |at, pair| {
            *at = (at.0 + pair[0], at.1 + pair[1]);
            Some(*at)
        });
        places.collect::<Vec<_>>()
    };
    let paths = plot.split(" d=\"").skip(1).filter_map(|rest| rest.split('"').next());
    paths.map(|path| path.split('M').skip(1).flat_map(stretch).collect()).collect()
}

fn any_value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        4 => (0.0..1e7).prop_map(Some),
        1 => Just(None),
        1 => any::<f64>().prop_map(Some),
        1 => (0.0..1.0).prop_map(Some),
    ]
}

fn any_series() -> impl Strategy<Value = Series> {
    let stroke = prop::sample::select(vec![Stroke::Legacy, Stroke::Ssot, Stroke::Quiet]);
    let points = prop::collection::vec((-100_i64..20_000, any_value()), 0..700);
    (".{0,60}", stroke, points).prop_map(|(name, stroke, points)| {
        let points =
            points.into_iter().map(|(at, value)| (START.plus_seconds(at), value)).collect();
        Series { name, stroke, points }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_place_is_a_number_inside_the_chart(
        series in prop::collection::vec(any_series(), 0..5),
        unit in prop::sample::select(vec![Unit::Count, Unit::Percent, Unit::Micros]),
        length in prop_oneof![Just(0_i64), 1..200_i64, 200..40_000_i64, Just(i64::MAX / 4_000_000)],
        limit in any::<f64>(),
        mark_at in -100_i64..20_000,
    ) {
        let mut chart = chart(1, series);
        chart.span.to = START.plus_seconds(length);
        chart.unit = unit;
        chart.limits.push(Limit { name: "limit".to_owned(), value: limit });
        let at = START.plus_seconds(mark_at);
        chart.marks.push(Mark { at, ..mark(0, "raised") });
        let text = chart.to_string();
        prop_assert!(!text.contains("NaN") && !text.contains("inf ") && !text.contains("\"inf"));
        for attribute in ["x", "x1", "x2", "width"] {
            let all = numbers(&text, attribute);
            prop_assert!(all.iter().all(|x| (-9.0..=100.0).contains(x)), "{attribute}: {all:?}");
        }
        for attribute in ["y", "y1", "y2"] {
            let all = numbers(&text, attribute);
            prop_assert!(all.iter().all(|y| (0.0..=228.0).contains(y)), "{attribute}: {all:?}");
        }
        for path in paths(&text) {
            prop_assert!(path.iter().all(|(x, y)| (0.0..=1000.0).contains(x) && (0.0..=360.0).contains(y)));
            prop_assert!(path.is_sorted_by(|a, b| a.0 <= b.0), "backwards in time: {path:?}");
        }
        prop_assert!(text.len() < 60_000, "{} bytes", text.len());
    }

    #[test]
    fn no_words_ever_open_a_tag(words in "[<>\"'&a-z/=;:\\PC]{0,80}") {
        let mut chart = chart(4, vec![wave(&words, Stroke::Hot, 4)]);
        chart.id.clone_from(&words);
        chart.title.clone_from(&words);
        chart.limits.push(Limit { name: words.clone(), value: 3.0 });
        chart.marks.push(Mark { href: Some(words.clone()), ..mark(1, &words) });
        let (plain, hostile) = (self::chart(4, vec![wave("", Stroke::Hot, 4)]), chart);
        let tags = |chart: &Chart| chart.to_string().matches(['<', '>']).count();
        let mut plain = plain;
        plain.limits.push(Limit { name: String::new(), value: 3.0 });
        let href = super::marks::placed(&hostile).0.first().and_then(|mark| mark.href);
        plain.marks.push(Mark { href: href.map(|_| "/".to_owned()), ..mark(1, "") });
        prop_assert_eq!(tags(&plain), tags(&hostile));
    }
}
