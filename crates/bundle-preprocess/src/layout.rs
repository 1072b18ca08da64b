//! `layout`, `expand_dims` and `ensure_dtype`: the shape and the type that a
//! network wants. No value changes but by the conversion asked for. Guarantee: `exact`.

use bundle_manifest::{AxisLayout, ColumnKind, Dtype, EnsureDtype, ExpandDims, Layout};

use crate::{
    CastError, Image, Samples, Table, TableColumn, Tensor, TensorData, Value,
    error::Fault,
    kind::{ColumnType, Kind, SampleType},
};

/// Takes an image; gives a tensor.
pub(crate) fn check_layout(params: &Layout, before: &Kind) -> Result<Kind, Fault> {
    let (samples, channels) = before.image()?;
    if let Some(channels) = channels {
        check_single_channel(params.to, channels.count())?;
    }
    Ok(Kind::Tensor { dtype: samples.map(dtype_of), layout: Some(params.to) })
}

/// The elements that samples become.
const fn dtype_of(samples: SampleType) -> Dtype {
    match samples {
        SampleType::Uint8 => Dtype::Uint8,
        SampleType::Uint16 => Dtype::Uint16,
        SampleType::Float32 => Dtype::Float32,
    }
}

/// Orders the axes.
pub(crate) fn layout(params: &Layout, image: Image) -> Result<Tensor, Fault> {
    let Image { height, width, channels, samples, .. } = image;
    let count = channels.count();
    check_single_channel(params.to, count)?;
    let shape = match params.to {
        AxisLayout::Nchw => vec![1, count, height, width],
        AxisLayout::Nhwc => vec![1, height, width, count],
        AxisLayout::Chw => vec![count, height, width],
        AxisLayout::Hwc => vec![height, width, count],
        AxisLayout::Nhw => vec![1, height, width],
        AxisLayout::Hw => vec![height, width],
    };
    let planar = matches!(params.to, AxisLayout::Nchw | AxisLayout::Chw) && count > 1;
    let data = match samples {
        Samples::Uint8(samples) if planar => TensorData::Uint8(planes(&samples, count)),
        Samples::Uint16(samples) if planar => TensorData::Uint16(planes(&samples, count)),
        Samples::Float32(samples) if planar => TensorData::Float32(planes(&samples, count)),
        interleaved => interleaved.into_data(),
    };
    Ok(Tensor::reshaped(shape, data))
}

fn planes<T: Copy>(samples: &[T], count: usize) -> Vec<T> {
    let mut result = Vec::with_capacity(samples.len());
    for channel in 0..count {
        result.extend(samples.iter().skip(channel).step_by(count));
    }
    result
}

fn check_single_channel(to: AxisLayout, count: usize) -> Result<(), Fault> {
    if matches!(to, AxisLayout::Nhw | AxisLayout::Hw) && count > 1 {
        let fault =
            Fault::new(format!("`to = \"{to}\"` is for one channel, the image has {count}"));
        return Err(
            fault.hint("put `convert_color` with `to = \"L\"` before it, or name a layout with C")
        );
    }
    Ok(())
}

/// Takes an array, an image as height × width × channels (gray: height × width); gives a
/// tensor with an axis more.
pub(crate) fn check_expand_dims(params: &ExpandDims, before: &Kind) -> Result<Kind, Fault> {
    let (dtype, layout) = match before {
        Kind::Image { samples, channels } => {
            let layout = channels.map(|channels| match channels.count() {
                1 => AxisLayout::Hw,
                _ => AxisLayout::Hwc,
            });
            (samples.map(dtype_of), layout)
        }
        other => other.tensor()?,
    };
    let layout = match (layout, params.axis) {
        (Some(AxisLayout::Chw), 0 | -4) => Some(AxisLayout::Nchw),
        (Some(AxisLayout::Hwc), 0 | -4) => Some(AxisLayout::Nhwc),
        (Some(AxisLayout::Hw), 0 | -3) => Some(AxisLayout::Nhw),
        _ => None,
    };
    Ok(Kind::Tensor { dtype, layout })
}

/// Inserts an axis of length 1, as `numpy.expand_dims`.
pub(crate) fn expand_dims(params: &ExpandDims, value: Value) -> Result<Tensor, Fault> {
    let tensor = match value {
        Value::Image(image) => image.to_tensor(),
        other => other.into_tensor()?,
    };
    let mut shape = tensor.shape().to_vec();
    let axis = axis_index(params.axis, shape.len() + 1)?;
    shape.insert(axis, 1);
    Ok(Tensor::reshaped(shape, tensor.into_data()))
}

/// The index of an axis, where a negative one counts from the end.
pub(crate) fn axis_index(axis: i64, rank: usize) -> Result<usize, Fault> {
    let index = i128::from(axis) + if axis < 0 { rank as i128 } else { 0 };
    let index = usize::try_from(index).ok().filter(|index| *index < rank);
    index.ok_or_else(|| Fault::new(format!("`axis = {axis}` is outside an array of {rank} axes")))
}

/// Takes an image, a table or a tensor; gives the same with other elements.
pub(crate) fn check_ensure_dtype(params: &EnsureDtype, before: &Kind) -> Result<Kind, Fault> {
    match before {
        Kind::Tensor { layout, .. } => {
            Ok(Kind::Tensor { dtype: Some(params.dtype), layout: *layout })
        }
        Kind::Image { channels, .. } => {
            Ok(Kind::Image { samples: Some(sample_type(params.dtype)?), channels: *channels })
        }
        Kind::Table(columns) => {
            let typed = |column: &ColumnType| match column.kind {
                ColumnKind::Number => ColumnType::number(column.name.clone(), params.dtype),
                ColumnKind::Category => column.clone(),
            };
            Ok(Kind::Table(columns.iter().map(typed).collect()))
        }
        Kind::Audio { .. } | Kind::Spectrum { .. } => {
            Ok(Kind::Tensor { dtype: Some(params.dtype), layout: None })
        }
        _ => Err(before.refusal("an image, a table or a tensor")),
    }
}

/// Converts the elements. The numbers of a table get the values that `dtype` can hold, and
/// are published by name as `dtype`.
pub(crate) fn ensure_dtype(params: &EnsureDtype, value: Value) -> Result<Value, Fault> {
    match value {
        Value::Tensor(tensor) => {
            tensor.cast(params.dtype).map(Value::Tensor).map_err(|error| fault(&error))
        }
        Value::Image(image) => image_of(image, params.dtype).map(Value::Image),
        Value::Audio(audio) => {
            let cast = audio.to_tensor().cast(params.dtype);
            cast.map(Value::Tensor).map_err(|error| fault(&error))
        }
        Value::Table(table) => table_of(table, params.dtype).map(Value::Table),
        other => Err(other.refusal("an image, a table or a tensor")),
    }
}

fn fault(error: &CastError) -> Fault {
    Fault::new(error.to_string())
}

fn sample_type(dtype: Dtype) -> Result<SampleType, Fault> {
    match dtype {
        Dtype::Uint8 => Ok(SampleType::Uint8),
        Dtype::Uint16 => Ok(SampleType::Uint16),
        Dtype::Float32 => Ok(SampleType::Float32),
        other => {
            let fault =
                Fault::new(format!("an image holds uint8, uint16 or float32, not `{other}`"));
            Err(fault.hint("put `layout` before it"))
        }
    }
}

fn image_of(image: Image, dtype: Dtype) -> Result<Image, Fault> {
    sample_type(dtype)?;
    let data = image.samples.into_data();
    let tensor = Tensor::reshaped(vec![data.len()], data);
    let samples = match tensor.cast(dtype).map_err(|error| fault(&error))?.into_data() {
        TensorData::Uint8(samples) => Samples::Uint8(samples),
        TensorData::Uint16(samples) => Samples::Uint16(samples),
        TensorData::Float32(samples) => Samples::Float32(samples),
        _ => return Err(Fault::new("an image holds uint8, uint16 or float32")),
    };
    Ok(Image { samples, ..image })
}

fn table_of(table: Table, dtype: Dtype) -> Result<Table, Fault> {
    let column = |column| match column {
        TableColumn::Number { name, cells } => {
            let tensor = Tensor::reshaped(vec![cells.len()], TensorData::Float64(cells));
            let cast = tensor.cast(dtype).map_err(|error| {
                Fault::new(format!(
                    "row {} of column `{name}` is {}, which `{dtype}` cannot hold",
                    error.index + 1,
                    error.value
                ))
            })?;
            Ok(TableColumn::Number { name, cells: cast.to_f64s() })
        }
        category @ TableColumn::Category { .. } => Ok(category),
    };
    Ok(Table { columns: table.columns.into_iter().map(column).collect::<Result<_, Fault>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channels, Storage};

    fn image(channels: Channels, samples: Vec<u8>) -> Image {
        let width = samples.len() / channels.count();
        Image {
            height: 1,
            width,
            channels,
            storage: Storage::Direct,
            samples: Samples::Uint8(samples),
        }
    }

    #[test]
    fn axes_are_ordered() {
        let cases = [
            (AxisLayout::Nchw, vec![1, 3, 1, 2], vec![1, 4, 2, 5, 3, 6]),
            (AxisLayout::Nhwc, vec![1, 1, 2, 3], vec![1, 2, 3, 4, 5, 6]),
            (AxisLayout::Chw, vec![3, 1, 2], vec![1, 4, 2, 5, 3, 6]),
            (AxisLayout::Hwc, vec![1, 2, 3], vec![1, 2, 3, 4, 5, 6]),
        ];
        for (to, shape, elements) in cases {
            let tensor = layout(&Layout { to }, image(Channels::Rgb, vec![1, 2, 3, 4, 5, 6]));
            assert_eq!(tensor, Ok(Tensor::reshaped(shape, TensorData::Uint8(elements))), "{to}");
        }
        let fault = layout(&Layout { to: AxisLayout::Hw }, image(Channels::Rgb, vec![1, 2, 3]));
        assert_eq!(
            fault.expect_err("three").message,
            "`to = \"HW\"` is for one channel, the image has 3"
        );
        let tensor = layout(&Layout { to: AxisLayout::Nhw }, image(Channels::L, vec![1, 2]));
        assert_eq!(tensor.expect("one channel").shape(), [1, 1, 2]);
    }

    #[test]
    fn an_axis_may_count_from_the_end() {
        let tensor = Tensor::reshaped(vec![2, 3], TensorData::Uint8(vec![0; 6]));
        for (axis, shape) in [(0, [1, 2, 3]), (1, [2, 1, 3]), (-1, [2, 3, 1]), (-3, [1, 2, 3])] {
            let expanded =
                expand_dims(&ExpandDims { axis }, Value::Tensor(tensor.clone())).expect("inside");
            assert_eq!(expanded.shape(), shape, "{axis}");
        }
        for axis in [3, -4, i64::MIN] {
            let value = Value::Tensor(tensor.clone());
            let fault = expand_dims(&ExpandDims { axis }, value).expect_err("outside");
            assert_eq!(fault.message, format!("`axis = {axis}` is outside an array of 3 axes"));
        }
    }

    #[test]
    fn a_table_names_the_cell_that_does_not_fit() {
        let column = TableColumn::Number { name: "age".into(), cells: vec![1.0, 2.5] };
        let table = Value::Table(Table { columns: vec![column] });
        let fault =
            ensure_dtype(&EnsureDtype { dtype: Dtype::Int64 }, table.clone()).expect_err("a half");
        assert_eq!(fault.message, "row 2 of column `age` is 2.5, which `int64` cannot hold");
        let rounded = ensure_dtype(&EnsureDtype { dtype: Dtype::Float32 }, table.clone());
        assert_eq!(rounded, Ok(table), "both are float32 already");
    }
}
