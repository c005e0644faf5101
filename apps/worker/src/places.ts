/** Counts what is kept, and tells when it is too much. */
export interface Places {
  full(): boolean;
  /** The returned function gives the place back. */
  take(): () => void;
}

export function createPlaces(most: number): Places {
  let taken = 0;
  return {
    full: () => taken >= most,
    take() {
      taken += 1;
      let given = false;
      return () => {
        if (!given) taken -= 1;
        given = true;
      };
    },
  };
}
