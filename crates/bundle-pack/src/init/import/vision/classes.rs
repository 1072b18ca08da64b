//! The image processors of transformers and their defaults, as `to_dict()` of release 5.23
//! gives them. Older releases have the same numbers for the classes they have.

/// What a class does beside resize, crop, rescale and normalise, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nothing else.
    Plain,
    /// Below 384, the shortest edge becomes `int(edge / crop_pct)` and the middle is cut out;
    /// from 384, the image is warped to a square.
    ConvNext,
    /// The size is divided by `crop_pct` first.
    PoolFormer,
    /// The shortest edge is multiplied by 256 / 224 first.
    Levit,
    /// The offset of 1 after rescaling, and a second normalisation with mean 0.
    EfficientNet,
    /// Sizes are multiples of `ensure_multiple_of`, the aspect ratio may be kept.
    Dpt,
    /// An int size is the shortest edge, 1333 the longest.
    Detr,
    /// As `Detr`, then both sides are cut to a multiple of 16.
    Yolos,
    /// As `Detr`, then both sides are raised to a multiple of `size_divisor`.
    MaskFormer,
    /// Channels are reversed instead of normalised.
    MobileVit,
    /// Channels are reversed, nothing is rescaled.
    LayoutV2,
    /// To the shorter side of `size`, then into `size`, then padded around.
    Donut,
    /// The longest edge, then padded at the bottom and right.
    Sam,
    /// Rescaled first, so that the resize works on floats.
    RescaleFirst,
    /// Cannot be said with steps: why.
    Beyond(&'static str),
}

/// What the size of a class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standard {
    /// Height and width.
    Exact(u32, u32),
    /// Shortest edge.
    Shortest(u32),
    /// Shortest and longest edge.
    Between(u32, u32),
    /// Longest edge.
    Longest(u32),
    /// None.
    Absent,
}

/// Means and standard deviations by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statistics {
    /// 0.5 each.
    Half,
    /// Those of `ImageNet`.
    ImageNet,
    /// Those of `CLIP`.
    Clip,
    /// 0 and 1.
    Unit,
}

impl Statistics {
    pub(super) const fn mean(self) -> [f64; 3] {
        match self {
            Self::Half => [0.5; 3],
            Self::ImageNet => [0.485, 0.456, 0.406],
            Self::Clip => [0.481_454_66, 0.457_827_5, 0.408_210_73],
            Self::Unit => [0.0; 3],
        }
    }

    pub(super) const fn std(self) -> [f64; 3] {
        match self {
            Self::Half => [0.5; 3],
            Self::ImageNet => [0.229, 0.224, 0.225],
            Self::Clip => [0.268_629_54, 0.261_302_58, 0.275_777_11],
            Self::Unit => [1.0; 3],
        }
    }
}

/// An image processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    /// Its name without `ImageProcessor`.
    pub(super) name: &'static str,
    /// What it does unless told otherwise: a letter each of convert to `R`GB, re`s`ize,
    /// `c`rop, r`e`scale, `n`ormalise, `p`ad.
    does: &'static str,
    pub(super) size: Standard,
    /// Height and width of the crop.
    pub(super) crop: u32,
    /// The filter, in Pillow's numbers.
    pub(super) resample: u32,
    pub(super) statistics: Statistics,
    /// Whether an int size is a square; else it is the shortest edge.
    pub(super) square: bool,
    pub(super) rule: Rule,
}

impl Class {
    pub(super) fn does(&self, letter: char) -> bool {
        self.does.contains(letter)
    }
}

/// The class of a name without suffixes, whatever its case.
pub(super) fn of(name: &str) -> Option<&'static Class> {
    CLASSES.iter().find(|class| class.name.eq_ignore_ascii_case(name))
}

/// The class that a `model_type` of `config.json` uses.
pub(super) fn of_model(model_type: &str) -> Option<&'static Class> {
    let (_, class) = MODELS.iter().find(|(model, _)| *model == model_type)?;
    of(class)
}

/// Models whose processor has another name than they.
const MODELS: [(&str, &str); 26] = [
    ("beit", "Beit"),
    ("blip", "Blip"),
    ("clip", "CLIP"),
    ("clipseg", "ViT"),
    ("convnext", "ConvNext"),
    ("convnextv2", "ConvNext"),
    ("cvt", "ConvNext"),
    ("deit", "DeiT"),
    ("depth_anything", "DPT"),
    ("detr", "Detr"),
    ("dinat", "ViT"),
    ("dinov2", "Bit"),
    ("dpt", "DPT"),
    ("efficientnet", "EfficientNet"),
    ("focalnet", "Bit"),
    ("glpn", "GLPN"),
    ("mobilenet_v2", "MobileNetV2"),
    ("mobilevit", "MobileViT"),
    ("poolformer", "PoolFormer"),
    ("regnet", "ConvNext"),
    ("resnet", "ConvNext"),
    ("segformer", "Segformer"),
    ("siglip", "Siglip"),
    ("swin", "ViT"),
    ("swinv2", "ViT"),
    ("vit", "ViT"),
];

use Rule::{
    Beyond, ConvNext, Detr, Donut, Dpt, EfficientNet, LayoutV2, Levit, MaskFormer, MobileVit,
    Plain, PoolFormer, RescaleFirst, Sam, Yolos,
};
use Standard::{Absent, Between, Exact, Longest, Shortest};
use Statistics::{Clip, Half, ImageNet, Unit};

type Row = (&'static str, &'static str, Standard, u32, u32, Statistics, bool, Rule);

const fn class((name, does, size, crop, resample, statistics, square, rule): Row) -> Class {
    Class { name, does, size, crop, resample, statistics, square, rule }
}

const VIDEO: &str = "it takes the frames of a video";
const OWN_SIZE: &str = "the size depends on the image in a way that `resize` does not have";
const PATCHES: &str = "it cuts the image into patches";
const PAIR: &str = "it takes two images at a time";

/// All of them, by name.
pub(super) const CLASSES: &[Class] = &[
    class(("Beit", "sen", Exact(224, 224), 224, 3, Half, true, Plain)),
    class(("Bit", "Rscen", Shortest(224), 224, 3, Clip, false, Plain)),
    class(("Blip", "Rsen", Exact(384, 384), 384, 3, Clip, true, Plain)),
    class(("BridgeTower", "scenp", Shortest(288), 288, 3, Clip, false, Beyond(OWN_SIZE))),
    class(("Chameleon", "Rscen", Shortest(512), 512, 1, Unit, false, Plain)),
    class(("ChineseCLIP", "Rscen", Shortest(224), 224, 3, Clip, false, Plain)),
    class(("CLIP", "Rscen", Shortest(224), 224, 3, Clip, false, Plain)),
    class(("ConditionalDetr", "senp", Between(800, 1333), 0, 2, ImageNet, false, Detr)),
    class(("ConvNext", "sen", Shortest(384), 0, 3, Half, false, ConvNext)),
    class(("DeformableDetr", "senp", Between(800, 1333), 0, 2, ImageNet, false, Detr)),
    class(("DeiT", "scen", Exact(256, 256), 224, 3, Half, true, Plain)),
    class(("Detr", "senp", Between(800, 1333), 0, 2, ImageNet, false, Detr)),
    class(("DINOv3ViT", "sen", Exact(224, 224), 0, 2, ImageNet, true, RescaleFirst)),
    class(("Donut", "senp", Exact(2560, 1920), 0, 2, Half, true, Donut)),
    class(("DPT", "sen", Exact(384, 384), 0, 3, Half, true, Dpt)),
    class(("EfficientNet", "sen", Exact(346, 346), 289, 3, Half, true, EfficientNet)),
    class(("Eomt", "sen", Between(640, 640), 0, 2, ImageNet, false, Beyond(OWN_SIZE))),
    class(("Flava", "scen", Exact(224, 224), 224, 3, Clip, true, Plain)),
    class(("Fuyu", "senp", Exact(1080, 1920), 0, 2, Half, true, Beyond(PATCHES))),
    class(("GLPN", "se", Absent, 0, 2, Half, true, Beyond(OWN_SIZE))),
    class(("GroundingDino", "senp", Between(800, 1333), 0, 2, ImageNet, false, Detr)),
    class(("Idefics", "Rsen", Exact(224, 224), 0, 3, Clip, true, Plain)),
    class(("Idefics2", "Rsenp", Between(378, 980), 0, 2, Half, false, Beyond(PATCHES))),
    class(("Idefics3", "Rsenp", Longest(1456), 0, 1, Half, true, Beyond(PATCHES))),
    class((
        "ImageGPT",
        "sen",
        Exact(256, 256),
        0,
        2,
        Half,
        true,
        Beyond("it gives colour clusters, not pixels"),
    )),
    class(("LayoutLMv2", "s", Exact(224, 224), 0, 2, Half, true, LayoutV2)),
    class(("LayoutLMv3", "sen", Exact(224, 224), 0, 2, Half, true, Plain)),
    class(("Levit", "scen", Shortest(224), 224, 3, ImageNet, false, Levit)),
    class(("LightGlue", "se", Exact(480, 640), 0, 2, Half, false, Beyond(PAIR))),
    class(("Mask2Former", "sen", Between(800, 1333), 0, 2, ImageNet, false, MaskFormer)),
    class(("MaskFormer", "sen", Between(800, 1333), 0, 2, ImageNet, false, MaskFormer)),
    class(("MobileNetV1", "scen", Shortest(256), 224, 2, Half, false, Plain)),
    class(("MobileNetV2", "scen", Shortest(256), 224, 2, Half, false, Plain)),
    class(("MobileViT", "sce", Shortest(224), 256, 3, Half, false, MobileVit)),
    class((
        "Nougat",
        "senp",
        Exact(896, 672),
        0,
        2,
        ImageNet,
        true,
        Beyond("it cuts white margins off"),
    )),
    class(("OneFormer", "Rsen", Between(800, 1333), 0, 2, ImageNet, false, Detr)),
    class((
        "Owlv2",
        "Rsenp",
        Exact(960, 960),
        0,
        2,
        Clip,
        true,
        Beyond("it pads to a square and resizes with its own filter"),
    )),
    class(("OwlViT", "Rsen", Exact(768, 768), 768, 3, Clip, true, Plain)),
    class((
        "Perceiver",
        "scen",
        Exact(224, 224),
        256,
        3,
        ImageNet,
        true,
        Beyond("its crop is a share of the image"),
    )),
    class(("Pix2Struct", "Rn", Absent, 0, 2, Half, true, Beyond(PATCHES))),
    class(("PoolFormer", "scen", Shortest(224), 224, 3, ImageNet, false, PoolFormer)),
    class(("PromptDepthAnything", "sen", Exact(384, 384), 0, 3, Half, true, Dpt)),
    class(("Pvt", "sen", Exact(224, 224), 0, 3, ImageNet, true, Plain)),
    class(("RTDetr", "se", Exact(640, 640), 0, 2, ImageNet, false, Detr)),
    class(("Sam", "Rsenp", Longest(1024), 0, 2, ImageNet, true, Sam)),
    class(("Segformer", "sen", Exact(512, 512), 0, 2, ImageNet, true, Plain)),
    class((
        "SegGpt",
        "Rsen",
        Exact(448, 448),
        0,
        3,
        ImageNet,
        true,
        Beyond("it takes an image and a prompt with its mask"),
    )),
    class(("Siglip", "Rsen", Exact(224, 224), 0, 3, Half, false, Plain)),
    class(("Siglip2", "sen", Absent, 0, 2, Half, true, Beyond(PATCHES))),
    class(("SuperGlue", "se", Exact(480, 640), 0, 2, Half, false, Beyond(PAIR))),
    class(("SuperPoint", "se", Exact(480, 640), 0, 2, Half, false, Plain)),
    class(("Swin2SR", "ep", Absent, 0, 2, Half, true, Beyond("it pads with the mirrored image"))),
    class(("TextNet", "Rsen", Shortest(640), 224, 2, ImageNet, false, Beyond(OWN_SIZE))),
    class(("Tvp", "scenp", Longest(448), 448, 2, Half, false, Beyond(VIDEO))),
    class(("VideoMAE", "scen", Shortest(224), 224, 2, Half, false, Beyond(VIDEO))),
    class(("Vilt", "senp", Shortest(384), 0, 3, Half, false, Beyond(OWN_SIZE))),
    class(("ViT", "sen", Exact(224, 224), 0, 2, Half, true, Plain)),
    class((
        "VitMatte",
        "enp",
        Absent,
        0,
        2,
        Half,
        true,
        Beyond("it takes an image and its trimap"),
    )),
    class((
        "VitPose",
        "en",
        Exact(256, 192),
        0,
        2,
        ImageNet,
        true,
        Beyond("it warps each box of a person"),
    )),
    class(("Vivit", "scen", Shortest(256), 224, 2, Half, true, Beyond(VIDEO))),
    class(("Yolos", "senp", Between(800, 1333), 0, 2, ImageNet, false, Yolos)),
    class((
        "ZoeDepth",
        "senp",
        Exact(384, 512),
        0,
        2,
        Half,
        true,
        Beyond("it pads with the mirrored image"),
    )),
];
