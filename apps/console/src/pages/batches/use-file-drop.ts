import { useEffect, useRef, useState } from "react";

/**
 * Files that are let go anywhere over the window: what misses a small area would be opened by the browser in place of the page.
 *
 * @returns whether files are held over the window now
 */
export function useFileDrop(onDrop: (files: FileList) => void): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(onDrop);
  useEffect(() => {
    latest.current = onDrop;
  });
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const hold = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    window.addEventListener("dragenter", hold, { signal });
    window.addEventListener("dragover", hold, { signal });
    window.addEventListener(
      "dragleave",
      ({ relatedTarget: next }) => {
        if (next === null) setOver(false);
      },
      { signal },
    );
    window.addEventListener(
      "drop",
      (event) => {
        setOver(false);
        if (!hasFiles(event) || event.dataTransfer === null) return;
        event.preventDefault();
        latest.current(event.dataTransfer.files);
      },
      { signal },
    );
    return () => stop.abort();
  }, []);
  return over;
}

/** Texts are dragged as well: into the template, say. */
function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") === true;
}
