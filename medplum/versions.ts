/**
 * A Medplum server names itself `5.0.10-6a4145c`: its release, a dash, and a commit.
 * Medplum's own command line compares the part before the dash, and so does this.
 */
export function releaseOf(version: string): string {
  return version.split('-', 1)[0] ?? version;
}

/** Whether two server versions are of the same release. */
export function sameRelease(a: string, b: string): boolean {
  return releaseOf(a) === releaseOf(b);
}

/** Order of two releases: negative when `a` is older than `b`, 0 when they are the same. */
export function compareReleases(a: string, b: string): number {
  const left = numbersOf(a);
  const right = numbersOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

function numbersOf(version: string): number[] {
  const numbers = releaseOf(version).split('.').map(Number);
  if (numbers.some((number) => !Number.isInteger(number))) {
    throw new RangeError(`"${version}" is not a Medplum server version such as 5.0.10 or 5.0.10-6a4145c`);
  }
  return numbers;
}
