// A mask as classes: how much each covers, where its number has room, and its colour. Arithmetic
// alone, which the tests call without a page.

/** Pixels that are looked at for the places of numbers; of a larger mask every second, third … column and row. */
const PLACED_PIXELS = 1_000_000;

/**
 * Eight colours that people tell apart whatever their colour vision: M. Okabe and K. Ito, "Color
 * Universal Design (CUD): how to make figures and presentations that are friendly to colorblind
 * people", 2008, with black last.
 */
const OKABE_ITO = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
  [0, 0, 0],
];
/** The angle between one seed of a sunflower and the next: hues that follow each other are far apart. */
const GOLDEN_ANGLE = 137.50776405003785;

/**
 * The colour of a class, always the same. After the first eight, hue and lightness both change from
 * one class to the next, for lightness is what everybody sees; but no 256 colours can be told apart,
 * so a number stands beside every one.
 */
export function classColour(index) {
  if (index < OKABE_ITO.length) return OKABE_ITO[index];
  const at = index - OKABE_ITO.length;
  const lightness = [0.3, 0.7, 0.45, 0.8][at % 4];
  return rgbOfHue((at * GOLDEN_ANGLE) % 360, [0.9, 0.6][Math.floor(at / 4) % 2], lightness);
}

/** HSL as CSS Color 4 computes it. */
function rgbOfHue(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const level = (offset) => {
    const at = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(at - 3, 9 - at, 1))));
  };
  return [level(0), level(8), level(4)];
}

/** Whether black can be read on a colour better than white: WCAG's relative luminance. */
export function takesBlack([red, green, blue]) {
  const linear = (level) => (level <= 10.314 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) > 0.179;
}

/** The classes that are there, the one that covers most first; `share` is of all pixels. */
export function classShares(classes) {
  const counts = new Uint32Array(256);
  for (const index of classes) counts[index] += 1;
  const present = [...counts].map((pixels, index) => ({ index, pixels, share: pixels / classes.length })).filter(({ pixels }) => pixels > 0);
  return present.sort((a, b) => b.pixels - a.pixels || a.index - b.index);
}

/** The classes not shown at first: the first one where it is what lies behind the others. */
export function hiddenAtFirst(labels, shares) {
  const first = labels?.[0];
  const behind = first ? /^[\W_]*(back[\s_-]?ground|bg|void|unlabell?ed|none|nothing)[\W_]*$/i.test(first) : !labels?.length && shares.length > 1;
  return new Set(behind ? [0] : []);
}

/** For each class the pixel of it that is furthest from every other class, and so has most room for a number. */
export function numberPlaces({ width, height, classes }) {
  const every = Math.max(1, Math.ceil(Math.sqrt((width * height) / PLACED_PIXELS)));
  const [across, down] = [Math.ceil(width / every), Math.ceil(height / every)];
  const classAt = (x, y) => classes[y * every * width + x * every];
  const depth = new Uint16Array(across * down);
  // The distance to another class or the edge, in steps of a king: once forth and once back.
  const sweep = (x, y, way) => {
    const own = classAt(x, y);
    let least = 0xfffe;
    for (const [dx, dy] of [[-way, 0], [-way, -way], [0, -way], [way, -way]]) {
      const [nx, ny] = [x + dx, y + dy];
      const same = nx >= 0 && nx < across && ny >= 0 && ny < down && classAt(nx, ny) === own;
      least = same ? Math.min(least, depth[ny * across + nx]) : 0;
      if (least === 0) break;
    }
    return least + 1;
  };
  for (let y = 0; y < down; y += 1) for (let x = 0; x < across; x += 1) depth[y * across + x] = sweep(x, y, 1);
  const places = new Map();
  for (let y = down - 1; y >= 0; y -= 1) {
    for (let x = across - 1; x >= 0; x -= 1) {
      const here = Math.min(depth[y * across + x], sweep(x, y, -1));
      depth[y * across + x] = here;
      const index = classAt(x, y);
      if (here > (places.get(index)?.depth ?? 0)) places.set(index, { x: x * every + 0.5, y: y * every + 0.5, depth: here });
    }
  }
  return places;
}

/** A raster whose pixels are all there; null where there are none, or fewer or more than its sides say. */
export function fittingRaster(raster) {
  const { width, height, classes } = raster ?? {};
  return classes instanceof Uint8Array && width > 0 && height > 0 && classes.length === width * height ? { width, height, classes } : null;
}

/** The raster of an array of few whole numbers from 0 to 255; null of any other. */
export function rasterOfValues({ kind, shape, values, omitted }) {
  if (kind !== "tensor" || omitted > 0) return null;
  const sides = [...shape];
  while (sides.length > 2 && sides[0] === 1) sides.shift();
  if (sides.length !== 2) return null;
  const whole = values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255);
  return whole ? fittingRaster({ width: sides[1], height: sides[0], classes: Uint8Array.from(values) }) : null;
}
