//! Whether an input is like the recorded examples.
//!
//! A network answers any picture; the author tried it on some. Of each input a few plain
//! traits are measured (size, brightness, length, loudness, columns), and an input that lies
//! far outside those of every example is told so, in words that a person can act on.
//! Nothing here says that an input inside the range is safe.

use std::collections::BTreeMap;

use bundle_manifest::{InputKind, Step};

use crate::{Image, InputPipeline, InputSource, Samples, StepError, Table, TableColumn, Value};

/// What was measured of an input, by trait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traits {
    measured: BTreeMap<Trait, f64>,
}

/// The smallest and largest value of each trait over the examples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraitRange {
    ranges: BTreeMap<Trait, (f64, f64)>,
}

/// A trait that was measured.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trait {
    /// The geometric mean of height and width, in pixels.
    Size,
    /// Width divided by height.
    Aspect,
    /// The mean of all samples, 0 to 1.
    Brightness,
    /// The standard deviation of all samples, 0 to 1.
    Contrast,
    /// The largest distance of a channel's mean from the mean of all, 0 to 1.
    Tint,
    /// Seconds.
    Duration,
    /// The root mean square, in decibels of full scale.
    Loudness,
    /// Characters.
    Length,
    /// Rows of a table.
    Rows,
    /// A column of a table: its smallest value.
    Least(String),
    /// A column of a table: its largest value.
    Most(String),
}

/// An input that differs from every example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlike {
    /// One sentence: `much darker than every recorded example (0.04; they are 0.31 to 0.62)`.
    pub message: String,
}

impl InputPipeline {
    /// Whether anything is measured of what is given.
    pub fn has_traits(&self) -> bool {
        let decodes = |step: &Step| {
            matches!(
                step,
                Step::DecodeImage(_)
                    | Step::DecodeDicom(_)
                    | Step::DecodeAudio(_)
                    | Step::Columns(_)
            )
        };
        self.kind() == InputKind::Text || self.steps().next().is_some_and(decodes)
    }

    /// Measures what is given: of a picture or a sound as decoded, of a text as it is, of a
    /// table as its first step reads it.
    pub fn traits(&self, source: &InputSource) -> Result<Traits, StepError> {
        Ok(Traits::of(&self.decoded(source)?))
    }
}

impl Traits {
    /// Measures a value.
    pub fn of(value: &Value) -> Self {
        let measured = match value {
            Value::Image(image) => of_image(image),
            Value::Audio(audio) => of_audio(&audio.samples, audio.sampling_rate),
            Value::Text(text) => vec![(Trait::Length, count(text.chars().count()))],
            Value::Table(table) => of_table(table),
            Value::Bytes(_) | Value::Json(_) | Value::Tensor(_) => Vec::new(),
        };
        let finite = measured.into_iter().filter(|(_, value)| value.is_finite());
        Self { measured: finite.collect() }
    }
}

impl TraitRange {
    /// Widens the range by one example.
    pub fn add(&mut self, example: &Traits) {
        for (name, value) in &example.measured {
            let range = self.ranges.entry(name.clone()).or_insert((*value, *value));
            *range = (range.0.min(*value), range.1.max(*value));
        }
    }

    /// What is far outside the range of all examples; empty where there is no example.
    pub fn unlike(&self, input: &Traits) -> Vec<Unlike> {
        let outside = input.measured.iter().filter_map(|(name, value)| {
            let (least, most) = *self.ranges.get(name)?;
            let message = name.judge(*value, least, most)?;
            Some(Unlike { message })
        });
        outside.collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of pixels, samples or characters")]
fn count(number: usize) -> f64 {
    number as f64
}

fn of_image(image: &Image) -> Vec<(Trait, f64)> {
    let (height, width) = (count(image.height), count(image.width));
    let colours = image.channels.count() - usize::from(image.channels.has_alpha());
    let mut traits =
        vec![(Trait::Size, libm::sqrt(height * width)), (Trait::Aspect, width / height)];
    let channels = match &image.samples {
        Samples::Uint8(samples) => moments(samples, image.channels.count(), 255.0),
        Samples::Uint16(samples) => moments(samples, image.channels.count(), 65_535.0),
        // Decoded floats have the unit of the instrument.
        Samples::Float32(_) => return traits,
    };
    let Some(channels) = channels.get(..colours).filter(|channels| !channels.is_empty()) else {
        return traits;
    };
    let mean = channels.iter().map(|(mean, _)| mean).sum::<f64>() / count(colours);
    let square = channels.iter().map(|(_, square)| square).sum::<f64>() / count(colours);
    let tint = channels.iter().fold(0.0_f64, |tint, (own, _)| tint.max((own - mean).abs()));
    traits.push((Trait::Brightness, mean));
    traits.push((Trait::Contrast, libm::sqrt((square - mean * mean).max(0.0))));
    traits.push((Trait::Tint, tint));
    traits
}

/// The mean and the mean square of each channel, in parts of `full`.
fn moments<T: Copy + Into<u64>>(samples: &[T], channels: usize, full: f64) -> Vec<(f64, f64)> {
    let mut sums = vec![(0_u64, 0_u128); channels];
    for pixel in samples.chunks_exact(channels) {
        for (sum, sample) in sums.iter_mut().zip(pixel) {
            let sample: u64 = (*sample).into();
            sum.0 = sum.0.saturating_add(sample);
            sum.1 += u128::from(sample * sample);
        }
    }
    let pixels = count(samples.len() / channels).max(1.0);
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    let mean = |(sum, square): (u64, u128)| {
        (sum as f64 / pixels / full, square as f64 / pixels / (full * full))
    };
    sums.into_iter().map(mean).collect()
}

fn of_audio(samples: &[f32], sampling_rate: u32) -> Vec<(Trait, f64)> {
    let power: f64 = samples.iter().map(|sample| f64::from(*sample) * f64::from(*sample)).sum();
    let power = power / count(samples.len()).max(1.0);
    vec![
        (Trait::Duration, count(samples.len()) / f64::from(sampling_rate.max(1))),
        // Silence is as quiet as 16 bits can say.
        (Trait::Loudness, (10.0 * libm::log10(power)).max(-96.0)),
    ]
}

fn of_table(table: &Table) -> Vec<(Trait, f64)> {
    let mut traits = vec![(Trait::Rows, count(table.rows()))];
    for column in &table.columns {
        let TableColumn::Number { name, cells } = column else { continue };
        let known = cells.iter().copied().filter(|cell| !cell.is_nan());
        let Some(least) = known.clone().reduce(f64::min) else { continue };
        traits.push((Trait::Least(name.clone()), least));
        traits.push((Trait::Most(name.clone()), known.fold(least, f64::max)));
    }
    traits
}

/// How far outside a range a value must lie to be worth a warning.
enum Margin {
    /// A factor of the range's ends.
    Factor(f64),
    /// A distance from the range's ends.
    Distance(f64),
    /// A part of the range's width, or of its end where it has none.
    Width(f64),
}

impl Trait {
    /// Words for too little and too much, the unit, and the margin.
    fn words(&self) -> (&'static str, &'static str, &'static str, Margin) {
        match self {
            Self::Size => ("much smaller", "much larger", " pixels a side", Margin::Factor(2.0)),
            Self::Aspect => {
                ("much narrower", "much wider", " width to height", Margin::Factor(1.5))
            }
            Self::Brightness => {
                ("much darker", "much brighter", " of white", Margin::Distance(0.15))
            }
            Self::Contrast => ("much flatter", "much more contrasted", "", Margin::Distance(0.12)),
            Self::Tint => {
                ("much less coloured", "of a much stronger tint", "", Margin::Distance(0.15))
            }
            Self::Duration => ("much shorter", "much longer", " s", Margin::Factor(2.0)),
            Self::Loudness => ("much quieter", "much louder", " dB", Margin::Distance(12.0)),
            Self::Length => ("much shorter", "much longer", " characters", Margin::Factor(4.0)),
            Self::Rows => ("of far fewer rows", "of far more rows", "", Margin::Factor(100.0)),
            Self::Least(_) => ("lower", "", "", Margin::Width(0.5)),
            Self::Most(_) => ("", "higher", "", Margin::Width(0.5)),
        }
    }

    fn judge(&self, value: f64, least: f64, most: f64) -> Option<String> {
        let (less, more, unit, margin) = self.words();
        let (low, high) = match margin {
            Margin::Factor(factor) => (least / factor, most * factor),
            Margin::Distance(distance) => (least - distance, most + distance),
            Margin::Width(part) => {
                let width = if most > least { most - least } else { most.abs().max(1.0) };
                (least - width * part, most + width * part)
            }
        };
        let word = match (value < low, value > high) {
            (true, _) if !less.is_empty() => less,
            (_, true) if !more.is_empty() => more,
            _ => return None,
        };
        let subject = match self {
            Self::Least(name) | Self::Most(name) => format!("`{name}` is "),
            _ => String::new(),
        };
        let (value, least, most) = (shown(value), shown(least), shown(most));
        let theirs = match self {
            Self::Least(_) => format!("their least is {least}"),
            Self::Most(_) => format!("their most is {most}"),
            _ if least == most => format!("they have {least}{unit}"),
            _ => format!("they have {least} to {most}{unit}"),
        };
        Some(format!("{subject}{word} than in every recorded example ({value}; {theirs})"))
    }
}

/// Three significant digits are enough for a warning.
fn shown(value: f64) -> String {
    let rounded: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channels, Storage};

    fn flat(height: usize, width: usize, level: u8) -> Value {
        let samples = Samples::Uint8(vec![level; height * width * 3]);
        let (channels, storage) = (Channels::Rgb, Storage::Direct);
        Value::Image(Image { height, width, channels, storage, samples })
    }

    fn range(values: &[Value]) -> TraitRange {
        let mut range = TraitRange::default();
        for value in values {
            range.add(&Traits::of(value));
        }
        range
    }

    #[test]
    fn what_is_unlike_is_said() {
        let range = range(&[flat(100, 120, 100), flat(200, 200, 160)]);
        let said = |value: &Value| -> Vec<String> {
            range.unlike(&Traits::of(value)).into_iter().map(|unlike| unlike.message).collect()
        };
        assert_eq!(said(&flat(150, 150, 120)), Vec::<String>::new());
        assert_eq!(
            said(&flat(150, 150, 10)),
            [
                "much darker than in every recorded example (0.0392; they have 0.392 to 0.627 of white)"
            ]
        );
        assert_eq!(
            said(&flat(20, 20, 120)),
            [
                "much smaller than in every recorded example (20; they have 110 to 200 pixels a side)"
            ]
        );
    }

    #[test]
    fn columns_have_ranges() {
        let table = |cells: &[f64]| {
            let column = TableColumn::Number { name: "age".to_owned(), cells: cells.to_vec() };
            Value::Table(Table { columns: vec![column] })
        };
        let range = range(&[table(&[30.0, f64::NAN]), table(&[50.0])]);
        assert!(range.unlike(&Traits::of(&table(&[58.0]))).is_empty());
        let unlike = range.unlike(&Traits::of(&table(&[95.0])));
        let message = "`age` is higher than in every recorded example (95; their most is 50)";
        assert_eq!(unlike[0].message, message);
    }

    #[test]
    fn without_examples_nothing_is_unlike() {
        assert!(TraitRange::default().unlike(&Traits::of(&flat(1, 1, 0))).is_empty());
    }
}
