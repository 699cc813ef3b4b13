//! The figures as a table and as JSON: median, least and most of the rounds, beside what is aimed
//! at.

use std::fs;
use std::io::{self, Write as _};
use std::time::Instant;

use serde_json::{Value, json};

use super::machine::Machine;
use super::place::Place;

/// What a figure is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A rate.
    PerSecond,
    /// A time, kept in seconds.
    Millis,
    /// A time, kept in seconds.
    Micros,
    /// A time.
    Seconds,
    /// 1,000,000 bytes, kept in bytes.
    Megabytes,
    /// 1,000 bytes, kept in bytes.
    Kilobytes,
    /// A share, kept as a fraction.
    Percent,
    /// A number of units of stock.
    Units,
    /// How many times as much.
    Times,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::PerSecond => "/s",
            Self::Millis => "ms",
            Self::Micros => "µs",
            Self::Seconds => "s",
            Self::Megabytes => "MB",
            Self::Kilobytes => "kB",
            Self::Percent => "%",
            Self::Units => "units",
            Self::Times => "×",
        }
    }

    fn shown(self, value: f64) -> String {
        match self {
            Self::PerSecond | Self::Units => thousands(value.round() as u64),
            Self::Millis => format!("{:.2}", value * 1e3),
            Self::Micros => format!("{:.1}", value * 1e6),
            Self::Seconds => format!("{value:.2}"),
            Self::Megabytes => format!("{:.1}", value / 1e6),
            Self::Kilobytes => format!("{:.1}", value / 1e3),
            Self::Times => format!("{value:.1}"),
            Self::Percent => format!("{:.0}", value * 100.0),
        }
    }
}

/// What is aimed at.
#[derive(Clone, Copy)]
pub enum Aim {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
    /// Nothing in particular: a raw limit, or a figure that explains another.
    None,
}

/// One line of the table.
struct Line {
    figure: &'static str,
    what: String,
    unit: Unit,
    aim: Aim,
    rounds: Vec<f64>,
}

impl Line {
    fn sorted(&self) -> Vec<f64> {
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        rounds
    }

    fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = sorted.len() / 2;
        if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        }
    }

    fn is_met(&self) -> Option<bool> {
        match self.aim {
            Aim::AtLeast(least) => Some(self.median() >= least),
            Aim::AtMost(most) => Some(self.median() <= most),
            Aim::None => None,
        }
    }

    fn json(&self) -> Value {
        let sorted = self.sorted();
        let aim = match self.aim {
            Aim::AtLeast(least) => json!({"at_least": least}),
            Aim::AtMost(most) => json!({"at_most": most}),
            Aim::None => Value::Null,
        };
        let unit = match self.unit {
            Unit::PerSecond => "1/s",
            Unit::Millis | Unit::Micros | Unit::Seconds => "s",
            Unit::Megabytes | Unit::Kilobytes => "B",
            Unit::Percent | Unit::Units | Unit::Times => "1",
        };
        json!({"figure": self.figure, "what": self.what, "unit": unit, "median": self.median(),
            "min": sorted.first(), "max": sorted.last(), "rounds": self.rounds, "aim": aim,
            "met": self.is_met()})
    }
}

/// What was measured so far.
pub struct Report {
    machine: Machine,
    begun: Instant,
    lines: Vec<Line>,
    remarks: Vec<String>,
}

impl Report {
    /// Nothing yet.
    pub fn new(place: &Place) -> Self {
        let machine = Machine::look();
        eprintln!("{}", machine.text(&place.file_system));
        Self { machine, begun: Instant::now(), lines: Vec::new(), remarks: Vec::new() }
    }

    /// Adds one round's value to a line, which begins with its first value.
    pub fn add(&mut self, figure: &'static str, what: &str, unit: Unit, aim: Aim, value: f64) {
        let line = self.lines.iter_mut().find(|it| it.figure == figure && it.what == what);
        if let Some(line) = line {
            line.rounds.push(value);
        } else {
            let (what, rounds) = (what.to_owned(), vec![value]);
            self.lines.push(Line { figure, what, unit, aim, rounds });
        }
    }

    /// Something that has to be known about the figures.
    pub fn remark(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// Prints the table and writes the JSON.
    pub fn finish(&self, place: &Place) -> anyhow::Result<()> {
        io::stdout().write_all(self.table(&place.file_system).as_bytes())?;
        let figures: Vec<Value> = self.lines.iter().map(Line::json).collect();
        let taken_s = self.begun.elapsed().as_secs();
        let json = json!({"at": chrono::Utc::now().to_rfc3339(), "taken_s": taken_s,
            "machine": self.machine.json(&place.file_system), "remarks": self.remarks,
            "figures": figures});
        let path = place.results.join("figures.json");
        fs::write(&path, serde_json::to_vec_pretty(&json)?)?;
        writeln!(io::stdout(), "\nIn {taken_s} s; as JSON in {}", path.display())?;
        Ok(())
    }

    fn table(&self, file_system: &str) -> String {
        let mut rows: Vec<[String; 5]> =
            vec![["", "", "median", "min – max", "aim"].map(ToOwned::to_owned)];
        for line in &self.lines {
            let (unit, sorted) = (line.unit, line.sorted());
            let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
            let aim = match line.aim {
                Aim::AtLeast(least) => format!("≥ {}", unit.shown(least)),
                Aim::AtMost(most) => format!("≤ {}", unit.shown(most)),
                Aim::None => String::new(),
            };
            let met = match line.is_met() {
                Some(true) => " met",
                Some(false) => " MISSED",
                None => "",
            };
            rows.push([
                line.figure.to_owned(),
                line.what.clone(),
                format!("{} {}", unit.shown(line.median()), unit.name()),
                format!("{} – {}", unit.shown(least), unit.shown(most)),
                format!("{aim}{met}"),
            ]);
        }
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..5).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = format!("\n{}\n\n", self.machine.text(file_system));
        for row in &rows {
            let [name, what, median, range, aim] = row;
            let line = format!(
                "{name:<0$}  {what:<1$}  {median:>2$}  {range:>3$}  {aim}",
                widths[0], widths[1], widths[2], widths[3]
            );
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for remark in &self.remarks {
            text.push_str("\n- ");
            text.push_str(remark);
        }
        text.push('\n');
        text
    }
}

/// A whole number with a comma between every three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
