// A ZIP of files as they are: what is packed are PNG, which no packing makes smaller.
const TABLE = Uint32Array.from({ length: 256 }, (_, code) => {
  for (let bit = 0; bit < 8; bit += 1) code = code & 1 ? 0xedb88320 ^ (code >>> 1) : code >>> 1;
  return code;
});
const DATE = 0x0021; // the first of January 1980

function sum(bytes) {
  let code = -1;
  for (const byte of bytes) code = TABLE[(code ^ byte) & 255] ^ (code >>> 8);
  return ~code >>> 0;
}

function numbers(...pairs) {
  const made = new DataView(new ArrayBuffer(pairs.reduce((size, [, wide]) => size + wide, 0)));
  let place = 0;
  for (const [value, wide] of pairs) {
    if (wide === 2) made.setUint16(place, value, true);
    else made.setUint32(place, value, true);
    place += wide;
  }
  return new Uint8Array(made.buffer);
}

// files: [name, Uint8Array] each.
export function zipped(files) {
  const parts = [], list = [];
  let place = 0;
  for (const [name, bytes] of files) {
    const text = new TextEncoder().encode(name), code = sum(bytes), size = bytes.length;
    // Version, names in UTF-8, stored, time, date, checksum, both sizes, length of the name, no extra field.
    const about = [[20, 2], [0x800, 2], [0, 2], [0, 2], [DATE, 2], [code, 4], [size, 4], [size, 4], [text.length, 2], [0, 2]];
    const head = numbers([0x04034b50, 4], ...about);
    list.push(numbers([0x02014b50, 4], [20, 2], ...about, [0, 2], [0, 2], [0, 2], [0, 4], [place, 4]), text);
    parts.push(head, text, bytes);
    place += head.length + text.length + size;
  }
  const long = list.reduce((size, part) => size + part.length, 0);
  const end = numbers([0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [long, 4], [place, 4], [0, 2]);
  return new Blob([...parts, ...list, end], { type: "application/zip" });
}
