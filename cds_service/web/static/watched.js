// A page of a content folder that is watched: it loads itself again once a save was read. What stands in its address stays.
"use strict";

(async ({ seen }) => {
  for (;;) {
    try {
      const answer = await fetch(`/watched?seen=${seen}`, { cache: "no-store" });
      if (answer.ok && (await answer.text()) !== seen) return location.reload();
    } catch {
      await new Promise((done) => setTimeout(done, 1000)); // the command was ended, or starts again
    }
  }
})(document.currentScript.dataset);
