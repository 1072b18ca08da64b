// A PNG file of one byte a pixel, stored and not compressed: PNG specification (ISO/IEC 15948), zlib
// (RFC 1950), DEFLATE blocks of stored bytes (RFC 1951 §3.2.4).

/** The file of gray `levels`, row by row. */
export function pngOf(width, height, levels) {
  return pngFile([pngHeader(width, height, 0), pngPixels(width, height, levels)]);
}

/**
 * Files of `indices`, numbers of colours, row by row: the pixels are written once, and each call
 * gives the file with other `colours`, each red, green, blue and opacity from 0 to 255.
 */
export function palettePng(width, height, indices) {
  const [header, pixels] = [pngHeader(width, height, 3), pngPixels(width, height, indices)];
  return (colours) => {
    const palette = pngChunk("PLTE", Uint8Array.from(colours.flatMap((colour) => colour.slice(0, 3))));
    const opacities = pngChunk("tRNS", Uint8Array.from(colours, (colour) => colour[3]));
    return pngFile([header, palette, opacities, pixels]);
  };
}

function pngFile(chunks) {
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return new Blob([signature, ...chunks, pngChunk("IEND", new Uint8Array())], { type: "image/png" });
}

function pngHeader(width, height, colourType) {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, colourType, 0, 0, 0], 8);
  return pngChunk("IHDR", header);
}

function pngPixels(width, height, pixels) {
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y += 1) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return pngChunk("IDAT", storedZlib(rows));
}

function pngChunk(name, content) {
  const chunk = new Uint8Array(12 + content.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, content.length);
  for (let at = 0; at < 4; at += 1) chunk[4 + at] = name.charCodeAt(at);
  chunk.set(content, 8);
  view.setUint32(8 + content.length, crc32(chunk.subarray(4, 8 + content.length)));
  return chunk;
}

function storedZlib(content) {
  const most = 0xffff;
  const blocks = Math.max(1, Math.ceil(content.length / most));
  const out = new Uint8Array(2 + content.length + 5 * blocks + 4);
  const view = new DataView(out.buffer);
  out.set([0x78, 0x01]);
  let at = 2;
  for (let block = 0; block < blocks; block += 1) {
    const piece = content.subarray(block * most, (block + 1) * most);
    out[at] = block === blocks - 1 ? 1 : 0;
    view.setUint16(at + 1, piece.length, true);
    view.setUint16(at + 3, piece.length ^ most, true);
    out.set(piece, at + 5);
    at += 5 + piece.length;
  }
  view.setUint32(at, adler32(content));
  return out;
}

function adler32(content) {
  let [a, b] = [1, 0];
  for (const byte of content) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

function crc32(content) {
  let crc = 0xffffffff;
  for (const byte of content) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
