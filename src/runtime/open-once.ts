/** Opening what several calls share. */

/**
 * A function that opens at its first call, and shares that with the calls after it. An opening that fails is
 * forgotten: the next call opens anew.
 */
export function openOnce<Opened>(open: () => Promise<Opened>): () => Promise<Opened> {
  let opening: Promise<Opened> | undefined;
  return () => {
    opening ??= open().catch((error) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
}
