//! Limits as people write them: rates in percent, spans of time with their unit, `"off"` for a rule
//! that is switched off.

use toml::{Table, Value};

use super::{Advance, FixedWindow, GuardMode, Limits, Rate, WINDOWS_MAX};
use crate::flags::fields::Fields;

/// Written for limits that are what they are without a word about them.
const DEFAULT: &str = "default";

impl Limits {
    /// These limits with others for some, each named and written as in a document: `1`, `0.1%`,
    /// `off`. Error: what is wrong, with its place.
    pub fn with(&self, changes: &[(String, String)]) -> Result<Self, String> {
        let mut table = table(self);
        for (name, text) in changes {
            if !table.contains_key(name) {
                let known: Vec<&str> = table.keys().map(String::as_str).collect();
                return Err(format!("{name}: no such limit; there are {}", known.join(", ")));
            }
            table.insert(name.clone(), typed(text));
        }
        let mut fields = Fields::new(table);
        let limits = read_table(&mut fields);
        let faults: Vec<String> = fields
            .into_faults()
            .into_iter()
            .map(|(field, problem)| field.map_or_else(String::new, |field| field + ": ") + &problem)
            .collect();
        if faults.is_empty() { Ok(limits) } else { Err(faults.join("; ")) }
    }

    /// All of them as a document writes them: name and value.
    pub fn as_written(&self) -> Vec<(String, String)> {
        table(self).into_iter().map(|(name, value)| (name, shown(&value))).collect()
    }

    /// What is otherwise than `before`, a line each: `limits.error_rate_percent: 1 to 2`.
    pub fn told_against(&self, before: &Self) -> Vec<String> {
        let both = before.as_written().into_iter().zip(self.as_written());
        both.filter(|(was, is)| was != is)
            .map(|((name, was), (_, is))| format!("limits.{name}: {was} to {is}"))
            .collect()
    }
}

/// The field `limits` of a component.
pub(in crate::flags) fn read(fields: &mut Fields) -> Option<Limits> {
    let found = fields.take("limits", "must be a table, or `default`", |value| match value {
        Value::Table(table) => Some(Some(table.clone())),
        Value::String(text) => (text == DEFAULT).then_some(None),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => None,
    })?;
    let Some(table) = found else { return Some(Limits::default()) };
    let mut inner = Fields::new(table);
    let limits = read_table(&mut inner);
    fields.adopt("limits", inner);
    Some(limits)
}

/// What a document says of these limits: what is not the default.
pub(in crate::flags) fn written(limits: &Limits) -> Value {
    if limits.are_default() {
        return Value::from(DEFAULT);
    }
    let default = table(&Limits::default());
    let own = table(limits).into_iter().filter(|(name, value)| default.get(name) != Some(value));
    Value::Table(own.collect())
}

/// All of them, by the names that a document has for them.
pub(in crate::flags) fn table(limits: &Limits) -> Table {
    // Every field is named: whoever adds one says how it is written.
    let Limits {
        mode,
        advance,
        regression_percent,
        error_rate,
        security,
        divergence,
        slow_ms,
        slow_rate,
        latency_percent,
        socket_faults,
        walks_failed,
        harm_max,
        outcome_drop_percent,
        failures_per_network_max,
        breaker_failures,
        failover_max,
        windows,
    } = limits;
    let members = [
        ("mode", Value::from(mode.as_str())),
        ("advance", Value::from(advance.as_str())),
        ("regression_percent", number_or_off(*regression_percent)),
        ("error_rate_percent", rate_or_off(*error_rate)),
        ("security", Value::from(*security)),
        ("divergence_percent", rate_or_off(*divergence)),
        ("slow_ms", number_or_off(*slow_ms)),
        ("slow_rate_percent", percent(*slow_rate)),
        ("latency_percent", number_or_off(*latency_percent)),
        ("socket_faults_percent", rate_or_off(*socket_faults)),
        ("walks_failed", number_or_off(*walks_failed)),
        ("harm_max", number_or_off(*harm_max)),
        ("outcome_drop_percent", number_or_off(*outcome_drop_percent)),
        ("failures_per_network_max", Value::from(i64::from(*failures_per_network_max))),
        ("breaker_failures", number_or_off(*breaker_failures)),
        ("failover_max", number_or_off(*failover_max)),
        ("windows", Value::Array(windows.iter().map(window).collect())),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn window(window: &FixedWindow) -> Value {
    let FixedWindow { over_s, error_rate, at_least, times } = window;
    let members = [
        ("over", Value::from(span(*over_s))),
        ("error_rate_percent", percent(*error_rate)),
        ("at_least", Value::from(i64::from(*at_least))),
        ("times", Value::from(i64::from(*times))),
    ];
    Value::Table(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Reads every member even after a fault, so that all faults are found.
fn read_table(fields: &mut Fields) -> Limits {
    let default = Limits::default();
    let mode = choice(fields, "mode", &GuardMode::ALL, GuardMode::as_str);
    let advance = choice(fields, "advance", &Advance::ALL, Advance::as_str);
    let limits = Limits {
        mode: mode.unwrap_or(default.mode),
        advance: advance.unwrap_or(default.advance),
        regression_percent: or_off(fields, "regression_percent", NUMBER, number)
            .unwrap_or(default.regression_percent),
        error_rate: or_off(fields, "error_rate_percent", PERCENT, rate)
            .unwrap_or(default.error_rate),
        security: switch(fields, "security").unwrap_or(default.security),
        divergence: or_off(fields, "divergence_percent", PERCENT, rate)
            .unwrap_or(default.divergence),
        slow_ms: or_off(fields, "slow_ms", NUMBER, number).unwrap_or(default.slow_ms),
        slow_rate: fields.take("slow_rate_percent", PERCENT, rate).unwrap_or(default.slow_rate),
        latency_percent: or_off(fields, "latency_percent", NUMBER, number)
            .unwrap_or(default.latency_percent),
        socket_faults: or_off(fields, "socket_faults_percent", PERCENT, rate)
            .unwrap_or(default.socket_faults),
        walks_failed: or_off(fields, "walks_failed", NUMBER, number)
            .unwrap_or(default.walks_failed),
        harm_max: or_off(fields, "harm_max", NUMBER, number).unwrap_or(default.harm_max),
        outcome_drop_percent: or_off(fields, "outcome_drop_percent", NUMBER, number)
            .unwrap_or(default.outcome_drop_percent),
        failures_per_network_max: fields
            .take("failures_per_network_max", NUMBER, number)
            .unwrap_or(default.failures_per_network_max),
        breaker_failures: or_off(fields, "breaker_failures", NUMBER, number)
            .unwrap_or(default.breaker_failures),
        failover_max: or_off(fields, "failover_max", NUMBER, number)
            .unwrap_or(default.failover_max),
        windows: read_windows(fields),
    };
    for (field, problem) in limits.faults() {
        // The same names with the units that people write.
        let field = field.replace("_ppm", "_percent").replace(".over_s", ".over");
        let problem = problem.replace("_ppm", "_percent");
        fields.fault(Some(field), problem);
    }
    limits
}

fn read_windows(fields: &mut Fields) -> Vec<FixedWindow> {
    let problem = format!("must be at most {WINDOWS_MAX} tables, or `off`");
    let tables: Option<Vec<Table>> = fields.take("windows", &problem, |value| {
        if is_off(value) {
            return Some(Vec::new());
        }
        let list = value.as_array().filter(|list| list.len() <= WINDOWS_MAX)?;
        list.iter().map(|item| item.as_table().cloned()).collect()
    });
    let mut windows = Vec::new();
    for (at, table) in tables.unwrap_or_default().into_iter().enumerate() {
        let mut inner = Fields::new(table);
        windows.push(read_window(&mut inner));
        fields.adopt(&format!("windows[{at}]"), inner);
    }
    windows
}

/// What cannot be read is a fault already; a value that makes sense stands in for it.
fn read_window(fields: &mut Fields) -> FixedWindow {
    let over_s = fields.required("over", |fields, key| {
        fields.take(key, "must be a span of time such as `60s` or `5m`", seconds)
    });
    let error_rate =
        fields.required("error_rate_percent", |fields, key| fields.take(key, PERCENT, rate));
    let at_least = fields.required("at_least", |fields, key| fields.take(key, NUMBER, number));
    let times = fields.take("times", NUMBER, number);
    FixedWindow {
        over_s: over_s.unwrap_or(60),
        error_rate: error_rate.unwrap_or_default(),
        at_least: at_least.unwrap_or(1),
        times: times.unwrap_or(1),
    }
}

const NUMBER: &str = "must be a whole number";
const PERCENT: &str = "must be a percentage with at most four decimals";

fn choice<T: Copy>(
    fields: &mut Fields,
    key: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Option<T> {
    let names: Vec<&str> = all.iter().map(|each| name(*each)).collect();
    fields.take(key, &format!("must be {}", names.join(" or ")), |value| {
        let text = value.as_str()?;
        all.iter().copied().find(|each| name(*each) == text)
    })
}

#[expect(clippy::option_option, reason = "left out, off and a value mean three things")]
fn or_off<T>(
    fields: &mut Fields,
    key: &str,
    problem: &str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Option<Option<T>> {
    fields.take(key, &format!("{problem}, or `off`"), |value| {
        if is_off(value) { Some(None) } else { read(value).map(Some) }
    })
}

fn switch(fields: &mut Fields, key: &str) -> Option<bool> {
    fields.take(key, "must be true or false", |value| match value.as_bool() {
        Some(on) => Some(on),
        None => is_off(value).then_some(false),
    })
}

/// True for what switches a rule off.
fn is_off(value: &Value) -> bool {
    value.as_bool() == Some(false) || value.as_str() == Some("off")
}

fn number(value: &Value) -> Option<u32> {
    u32::try_from(value.as_integer()?).ok()
}

fn rate(value: &Value) -> Option<Rate> {
    match value {
        Value::Integer(whole) => Rate::parse_percent(&whole.to_string()),
        Value::Float(number) => Rate::parse_percent(&number.to_string()),
        Value::String(text) => Rate::parse_percent(text),
        Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

fn percent(rate: Rate) -> Value {
    match rate.ppm() {
        whole if whole.is_multiple_of(10_000) => Value::from(i64::from(whole / 10_000)),
        parts => Value::from(f64::from(parts) / 10_000.0),
    }
}

fn number_or_off(number: Option<u32>) -> Value {
    number.map_or_else(off, |number| Value::from(i64::from(number)))
}

fn rate_or_off(rate: Option<Rate>) -> Value {
    rate.map_or_else(off, percent)
}

fn off() -> Value {
    Value::from("off")
}

/// Seconds, from `60s`, `5m` or `1h`.
fn seconds(value: &Value) -> Option<u32> {
    let text = value.as_str()?;
    let unit = match text.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return None,
    };
    text[..text.len() - 1].parse::<u32>().ok()?.checked_mul(unit)
}

/// Seconds in the largest unit that leaves no rest.
fn span(seconds: u32) -> String {
    match seconds {
        0 => "0s".to_owned(),
        hours if hours.is_multiple_of(3600) => format!("{}h", hours / 3600),
        minutes if minutes.is_multiple_of(60) => format!("{}m", minutes / 60),
        seconds => format!("{seconds}s"),
    }
}

/// What somebody has typed: a value of TOML, else a text.
fn typed(text: &str) -> Value {
    let one = format!("value = {text}").parse::<Table>().ok().filter(|table| table.len() == 1);
    one.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::from(text))
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(text: &str) -> Result<Limits, Vec<String>> {
        let table = format!("limits = {text}").parse::<Table>().expect("TOML");
        let mut fields = Fields::new(table);
        let limits = read(&mut fields);
        let told = |(field, problem): (Option<String>, String)| {
            format!("{}: {problem}", field.unwrap_or_default())
        };
        let faults: Vec<String> = fields.into_faults().into_iter().map(told).collect();
        if faults.is_empty() { Ok(limits.expect("limits")) } else { Err(faults) }
    }

    #[test]
    fn rates_are_percentages_and_off_or_false_switches_a_rule_off() {
        let read = limits(
            r#"{ error_rate_percent = 0.5, divergence_percent = "0.01 %", harm_max = "off",
                 walks_failed = false, slow_rate_percent = 2, security = "off",
                 windows = [{ over = "5m", error_rate_percent = 1, at_least = 100 }] }"#,
        );
        let expected = Limits {
            error_rate: Rate::from_ppm(5_000),
            divergence: Rate::from_ppm(100),
            harm_max: None,
            walks_failed: None,
            slow_rate: Rate::from_ppm(20_000).expect("a rate"),
            security: false,
            windows: vec![FixedWindow {
                over_s: 300,
                error_rate: Rate::from_ppm(10_000).expect("a rate"),
                at_least: 100,
                times: 1,
            }],
            ..Limits::default()
        };
        assert_eq!(read, Ok(expected));
        assert_eq!(limits(r#""default""#), Ok(Limits::default()));
        assert_eq!(limits("{}"), Ok(Limits::default()));
    }

    #[test]
    fn all_faults_are_told_at_once_by_the_names_that_were_written() {
        let faults = limits(
            r#"{ mode = "sleep", error_rate_percent = 0, slow_ms = 0, slow_rate_percent = "off",
                 eror = 1, walks_failed = -1, divergence_percent = 0.00001,
                 windows = [{ over = "5", error_rate_percent = 1, at_least = 1 },
                            { over = "5s", error_rate_percent = 1, at_least = 1 },
                            { over = "60s" }] }"#,
        );
        let faults = faults.expect_err("faults");
        for start in [
            "limits.mode: must be act or dry_run or off",
            "limits.error_rate_percent: must be more than 0",
            "limits.slow_ms: must be 1 to 60000",
            "limits.slow_rate_percent: must be a percentage",
            "limits.eror: unknown key",
            "limits.walks_failed: must be a whole number, or `off`",
            "limits.divergence_percent: must be a percentage",
            "limits.windows[0].over: must be a span of time",
            "limits.windows[1].over: must be 10 to 3600",
            "limits.windows[2].error_rate_percent: is missing",
            "limits.windows[2].at_least: is missing",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(start)), "{start} in {faults:#?}");
        }
        assert_eq!(faults.len(), 11, "{faults:#?}");
        let blind = limits(r#"{ error_rate_percent = "off" }"#).expect_err("a fault");
        assert!(blind[0].contains("harm_max: counts beyond error_rate_percent"), "{blind:?}");
        assert!(limits("7").is_err() && limits(r#""none""#).is_err());
    }

    #[test]
    fn only_what_is_not_the_default_is_written() {
        assert_eq!(written(&Limits::default()), Value::from("default"));
        let strict = Limits { error_rate: Rate::from_ppm(1), ..Limits::default() };
        let Value::Table(table) = written(&strict) else { panic!("no table") };
        assert_eq!(table.len(), 1);
        assert_eq!(table.get("error_rate_percent"), Some(&Value::from(0.0001)));
    }

    #[test]
    fn limits_are_changed_by_name_and_several_at_once() {
        let changed = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> =
                pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            Limits::default().with(&pairs)
        };
        let both = changed(&[("error_rate_percent", "off"), ("harm_max", "off")]).expect("limits");
        assert_eq!((both.error_rate, both.harm_max), (None, None));
        for text in ["2", "2%", "2 %", "2.0", "\"2\""] {
            let limits = changed(&[("error_rate_percent", text)]).expect(text);
            assert_eq!(limits.error_rate, Rate::from_ppm(20_000), "{text}");
        }
        assert_eq!(
            changed(&[("mode", "dry_run")]).map(|limits| limits.mode),
            Ok(GuardMode::DryRun)
        );
        let windows = r#"[{over="60s",error_rate_percent=1,at_least=100,times=3}]"#;
        assert_eq!(changed(&[("windows", windows)]).map(|limits| limits.windows.len()), Ok(1));
        assert_eq!(changed(&[("windows", "off")]), Ok(Limits::default()));
        let unknown = changed(&[("error_rate", "1")]).expect_err("a fault");
        assert!(unknown.contains("error_rate_percent"), "{unknown}");
        let wrong = changed(&[("slow_ms", "fast")]).expect_err("a fault");
        assert_eq!(wrong, "slow_ms: must be a whole number, or `off`");
        assert!(changed(&[("slow_ms", "1\nmode = \"off\"")]).is_err());
    }

    #[test]
    fn what_differs_is_told_a_line_each() {
        let other = Limits { security: false, slow_ms: None, ..Limits::default() };
        let told = other.told_against(&Limits::default());
        assert_eq!(told, ["limits.security: true to false", "limits.slow_ms: 500 to off"]);
    }
}
