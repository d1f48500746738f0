/** Sixteen equal parts of a network: the first ones are private, those from the ninth on public. */
const PARTS_AS_BITS = 4;
const FIRST_PUBLIC = 8;

/** @param cidr IPv4 network such as `10.20.0.0/16`. @param index which of its sixteen equal parts. */
function partOf(cidr: string, index: number): string {
  const [address = '', prefix = ''] = cidr.split('/');
  const bits = Number(prefix) + PARTS_AS_BITS;
  const network = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  // Addresses that have bits below the prefix are taken for their network.
  const start = Math.floor(network / 2 ** (32 - Number(prefix))) * 2 ** (32 - Number(prefix));
  const part = start + index * 2 ** (32 - bits);
  const octets = [24, 16, 8, 0].map((shift) => Math.floor(part / 2 ** shift) % 256);
  return `${octets.join('.')}/${bits}`;
}

/** @returns one private and one public network for a zone, counted from 0. */
export function subnetsOf(cidr: string, zone: number): { private: string; public: string } {
  return { private: partOf(cidr, zone), public: partOf(cidr, FIRST_PUBLIC + zone) };
}
