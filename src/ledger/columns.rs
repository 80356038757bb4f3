//! Minutes of one component as a row: a column each code, so that its name stands there once.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::counts::Counts;
use super::{Latency, Tally, packed};
use crate::store::Row;

/// Minutes by how many minutes each is after the row's.
#[derive(Debug, Default)]
pub(super) struct MinutesRow(pub(super) BTreeMap<u8, Counts>);

impl Row for MinutesRow {
    const FORMAT: u8 = 1;
}

impl MinutesRow {
    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.0.values().map(Counts::bytes).sum()
    }
}

/// What stands in the row. All columns are as long as the one of the minutes.
#[derive(Serialize, Deserialize)]
struct Columns {
    #[serde(rename = "m")]
    minutes: Vec<u8>,
    #[serde(rename = "t")]
    tallies: BTreeMap<String, Vec<u64>>,
    #[serde(rename = "l")]
    legacy: Vec<String>,
    #[serde(rename = "s")]
    ssot: Vec<String>,
}

impl Serialize for MinutesRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tallies: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (place, counts) in self.0.values().enumerate() {
            for (code, count) in counts.tally.counted() {
                let column = tallies.entry(code.to_owned()).or_default();
                column.resize(self.0.len(), 0);
                column[place] = count;
            }
        }
        let pack = |side: fn(&Counts) -> &Latency| {
            self.0.values().map(|counts| packed::pack(side(counts))).collect()
        };
        let columns = Columns {
            minutes: self.0.keys().copied().collect(),
            tallies,
            legacy: pack(|counts| &counts.legacy),
            ssot: pack(|counts| &counts.ssot),
        };
        columns.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MinutesRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let columns = Columns::deserialize(deserializer)?;
        columns.read().ok_or_else(|| D::Error::custom("is no row of minutes"))
    }
}

impl Columns {
    fn read(self) -> Option<MinutesRow> {
        let length = self.minutes.len();
        let mut tallies = vec![Tally::default(); length];
        for (code, column) in &self.tallies {
            // A later release may count what this one does not know.
            let Some(counter) = Tally::counter_of(code) else { continue };
            for (tally, count) in tallies.iter_mut().zip(column) {
                tally.add_many(counter, *count);
            }
        }
        if self.legacy.len() != length || self.ssot.len() != length {
            return None;
        }
        let mut row = MinutesRow::default();
        let sides = self.legacy.iter().zip(&self.ssot);
        for ((minute, tally), (legacy, ssot)) in self.minutes.into_iter().zip(tallies).zip(sides) {
            let (legacy, ssot) = (packed::unpack(legacy)?, packed::unpack(ssot)?);
            row.0.insert(minute, Counts { tally, legacy, ssot });
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::Side;
    use crate::ledger::Counter;
    use crate::ledger::counts::Took;

    #[test]
    fn a_row_reads_back_and_names_each_code_once() {
        let mut row = MinutesRow::default();
        for (minute, micros) in [(0, 5), (3, 900), (14, 5)] {
            let counts = row.0.entry(minute).or_default();
            let took = Took { legacy: Some(Duration::from_micros(micros)), ssot: None };
            counts.add([Counter::Matched, Counter::Served(Side::Legacy)].iter(), took);
        }
        row.0.entry(3).or_default().tally.add(Counter::Shed);
        let json = serde_json::to_string(&row).expect("writable");
        assert!(
            json.contains(r#""matched":[1,1,1],"served:legacy":[1,1,1],"shed":[0,1,0]"#),
            "{json}"
        );
        let read: MinutesRow = serde_json::from_str(&json).expect("readable");
        assert_eq!(serde_json::to_string(&read).expect("writable"), json);
        assert_eq!(read.0.keys().copied().collect::<Vec<_>>(), [0, 3, 14]);
    }

    #[test]
    fn a_code_that_nobody_knows_is_left_out_and_columns_that_are_too_short_are_refused() {
        let known = r#"{"m":[1],"t":{"matched":[4],"of_tomorrow":[9]},"l":[""],"s":[""]}"#;
        let row: MinutesRow = serde_json::from_str(known).expect("readable");
        assert_eq!(row.0[&1].tally.counted().collect::<Vec<_>>(), [("matched", 4)]);
        let short = r#"{"m":[1,2],"t":{},"l":[""],"s":["",""]}"#;
        assert!(serde_json::from_str::<MinutesRow>(short).is_err());
    }
}
