//! Variants of the audio steps.

use bundle_manifest::{
    EdgePadding, KaldiFbank, Log, LogBase, Mel, MelNorm, MelScale, Mono, PadMode, PadOrTrim,
    Resample, Side, Step, Stft, WindowFunction,
};

use super::{Variant, numbers, words};

const ANY: &str = "any sound";
const SHORT: &str = "a sound shorter than the length";

pub(super) fn variants(step: &Step) -> Vec<Variant> {
    match step {
        Step::DecodeAudio(params) => {
            let with = |mono| {
                Step::DecodeAudio(bundle_manifest::DecodeAudio {
                    mono: Some(mono),
                    ..params.clone()
                })
            };
            params.mono.map_or_else(Vec::new, |mono| {
                words("mono", Mono::ALL, mono, with, "a stereo sound")
            })
        }
        Step::Resample(params) => resample(params),
        Step::PadOrTrim(params) => pad_or_trim(params),
        Step::Preemphasis(_) | Step::DropLastFrame(_) => vec![Variant::without(ANY)],
        Step::Stft(params) => stft(params),
        Step::Mel(params) => mel(params),
        Step::Log(params) => log(params),
        Step::KaldiFbank(params) => kaldi_fbank(params),
        _ => Vec::new(),
    }
}

fn resample(params: &Resample) -> Vec<Variant> {
    const PROBE: &str = "a sound at another sampling rate";
    let step = |params| Step::Resample(params);
    let width = |lowpass_filter_width| step(Resample { lowpass_filter_width, ..params.clone() });
    let rolloff = |rolloff| step(Resample { rolloff, ..params.clone() });
    let mut all =
        numbers("lowpass_filter_width", &[6, 16, 64], params.lowpass_filter_width, width, PROBE);
    all.extend(numbers(
        "rolloff",
        &[0.99, 0.95, 0.947_593_716_739_959_6],
        params.rolloff,
        rolloff,
        PROBE,
    ));
    all
}

fn pad_or_trim(params: &PadOrTrim) -> Vec<Variant> {
    let with = |params| Step::PadOrTrim(params);
    let mut all = words(
        "side",
        Side::ALL,
        params.side,
        |side| with(PadOrTrim { side, ..params.clone() }),
        SHORT,
    );
    all.extend(words(
        "mode",
        PadMode::ALL,
        params.mode,
        |mode| with(PadOrTrim { mode, ..params.clone() }),
        SHORT,
    ));
    all.extend(numbers(
        "trim",
        &[true, false],
        params.trim,
        |trim| with(PadOrTrim { trim, ..params.clone() }),
        "a sound longer than the length",
    ));
    all.push(Variant::without(SHORT));
    all
}

fn stft(params: &Stft) -> Vec<Variant> {
    let with = Step::Stft;
    let mut all = numbers(
        "periodic",
        &[true, false],
        params.periodic,
        |periodic| with(Stft { periodic, ..params.clone() }),
        ANY,
    );
    all.extend(words(
        "window",
        WindowFunction::ALL,
        params.window,
        |window| with(Stft { window, ..params.clone() }),
        ANY,
    ));
    for edges in EdgePadding::ALL {
        let changed = with(Stft { center: true, pad_mode: Some(*edges), ..params.clone() });
        all.push(Variant::new(changed, format!("center = true, pad_mode = \"{edges}\""), ANY));
    }
    let plain = with(Stft { center: false, pad_mode: None, ..params.clone() });
    all.push(Variant::new(plain, "center = false", ANY));
    all.extend(numbers(
        "power",
        &[1.0, 2.0],
        params.power,
        |power| with(Stft { power, ..params.clone() }),
        ANY,
    ));
    all.extend(numbers(
        "hop_length",
        &[160, 200, 256, 320, 512],
        params.hop_length,
        |hop_length| with(Stft { hop_length, ..params.clone() }),
        ANY,
    ));
    all
}

fn mel(params: &Mel) -> Vec<Variant> {
    let mut all = Vec::new();
    for scale in MelScale::ALL {
        for norm in MelNorm::ALL {
            let changed = Step::Mel(Mel { scale: *scale, norm: *norm, ..params.clone() });
            let change = match (*scale == params.scale, *norm == params.norm) {
                (false, true) => format!("scale = \"{scale}\""),
                (true, false) => format!("norm = \"{norm}\""),
                _ => format!("scale = \"{scale}\", norm = \"{norm}\""),
            };
            all.push(Variant::new(changed, change, ANY));
        }
    }
    let f_min = |f_min| Step::Mel(Mel { f_min, ..params.clone() });
    all.extend(numbers("f_min", &[0.0, 20.0, 50.0, 80.0, 125.0], params.f_min, f_min, ANY));
    let f_max = |f_max| Step::Mel(Mel { f_max, ..params.clone() });
    let tops = [4_000.0, 7_600.0, 8_000.0, 11_025.0, 14_000.0, 16_000.0, 22_050.0, 24_000.0];
    all.extend(numbers("f_max", &tops, params.f_max, f_max, ANY));
    all
}

fn log(params: &Log) -> Vec<Variant> {
    let with = Step::Log;
    let mut all =
        words("base", LogBase::ALL, params.base, |base| with(Log { base, ..params.clone() }), ANY);
    let floors = [1e-10, 1e-8, 1e-6, 1e-5, 1.192_092_955_078_125e-7, 5.960_464_477_539_063e-8, 0.0];
    all.extend(numbers(
        "floor",
        &floors,
        params.floor,
        |floor| with(Log { floor, ..params.clone() }),
        "a sound with silence",
    ));
    for dynamic_range in [None, Some(8.0), Some(80.0)] {
        let change = dynamic_range.map_or_else(
            || "leave `dynamic_range` out".to_owned(),
            |range: f64| format!("dynamic_range = {range:?}"),
        );
        let changed = with(Log { dynamic_range, ..params.clone() });
        all.push(Variant::new(changed, change, "a sound with silence"));
    }
    all.push(Variant::without(ANY));
    all
}

fn kaldi_fbank(params: &KaldiFbank) -> Vec<Variant> {
    let with = Step::KaldiFbank;
    let mut all = words(
        "window",
        WindowFunction::ALL,
        params.window,
        |window| with(KaldiFbank { window, ..params.clone() }),
        ANY,
    );
    all.extend(numbers(
        "snip_edges",
        &[true, false],
        params.snip_edges,
        |snip_edges| with(KaldiFbank { snip_edges, ..params.clone() }),
        ANY,
    ));
    all.extend(numbers(
        "remove_dc_offset",
        &[true, false],
        params.remove_dc_offset,
        |remove_dc_offset| with(KaldiFbank { remove_dc_offset, ..params.clone() }),
        ANY,
    ));
    all.extend(numbers(
        "preemphasis",
        &[0.97, 0.0],
        params.preemphasis,
        |preemphasis| with(KaldiFbank { preemphasis, ..params.clone() }),
        ANY,
    ));
    all.extend(numbers(
        "f_min",
        &[20.0, 0.0],
        params.f_min,
        |f_min| with(KaldiFbank { f_min, ..params.clone() }),
        ANY,
    ));
    all
}
