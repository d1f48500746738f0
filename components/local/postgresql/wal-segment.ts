/** A WAL segment: which history of the database it belongs to, and its place in the stream counted in segments. */
export interface WalSegment {
  readonly timeline: number;
  readonly number: number;
}

const SEGMENT_NAME = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/;
const FOUR_GIBIBYTES = 0x1_0000_0000;

/** Reads PostgreSQL's text form of a WAL position, such as `0/3000148`. */
export function parseLsn(text: string): bigint {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (!match?.[1] || !match[2]) {
    throw new RangeError(`${JSON.stringify(text)} is not a WAL position`);
  }
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`;
}

/** The number of the segment that holds the byte at this position. */
export function segmentNumber(lsn: bigint, segmentBytes: number): number {
  return Number(lsn / BigInt(segmentBytes));
}

/** The number of the segment that holds the byte before this position: the last one needed to replay up to it. */
export function lastSegmentNumber(end: bigint, segmentBytes: number): number {
  return segmentNumber(end === 0n ? 0n : end - 1n, segmentBytes);
}

export function segmentName(segment: WalSegment, segmentBytes: number): string {
  const perId = FOUR_GIBIBYTES / segmentBytes;
  return [segment.timeline, Math.floor(segment.number / perId), segment.number % perId].map(hexadecimal).join('');
}

/** Null when the name is not that of a whole segment (a history file, a partial segment, a stranger). */
export function parseSegmentName(name: string, segmentBytes: number): WalSegment | null {
  const match = SEGMENT_NAME.exec(name);
  if (!match?.[1] || !match[2] || !match[3]) {
    return null;
  }
  const perId = FOUR_GIBIBYTES / segmentBytes;
  const [timeline, id, within] = [match[1], match[2], match[3]].map((part) => Number.parseInt(part, 16)) as [
    number,
    number,
    number,
  ];
  return within < perId ? { timeline, number: id * perId + within } : null;
}

export function isSegmentName(name: string): boolean {
  return SEGMENT_NAME.test(name);
}

function hexadecimal(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}
