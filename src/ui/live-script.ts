/**
 * The pages' only script. It hears of commits, fetches the content alone and puts it in place: scroll position, opened
 * folds and the focused element stay, a changed verdict is spoken, and a lost stream is said in words.
 */
export const liveScript = `"use strict";
(() => {
  const main = document.getElementById("main");
  const live = document.getElementById("live");
  const lost = document.getElementById("lost");
  const spoken = document.getElementById("spoken");
  const { fragment, events } = document.body.dataset;
  const pauseMs = 1000;
  const silenceMs = 40000;
  const retryMs = 10000;
  let updatedAt = new Date();
  let heardAt = Date.now();
  let isBusy = false;
  let isDue = false;

  const clock = (date) => date.toISOString().slice(11, 19) + " UTC";
  const tell = () => { live.textContent = "Live, last update " + clock(updatedAt); };
  const warn = (why) => {
    lost.textContent = why + " What you see is from " + clock(updatedAt) + " and may be old.";
    lost.hidden = false;
    live.textContent = "Not live";
  };
  const verdict = () => document.getElementById("verdict")?.dataset.spoken ?? "";

  const put = (html) => {
    const before = verdict();
    const opened = [...main.querySelectorAll("details[open][id]")].map((fold) => fold.id);
    const focused = document.activeElement;
    const links = (root) => [...root.querySelectorAll("a, summary, [tabindex]")];
    const place = main.contains(focused) ? links(main).indexOf(focused) : -1;
    const { scrollX, scrollY } = window;
    const parsed = new DOMParser().parseFromString(html, "text/html");
    main.replaceChildren(...parsed.body.childNodes);
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    if (place >= 0) links(main)[place]?.focus({ preventScroll: true });
    window.scrollTo(scrollX, scrollY);
    if (verdict() !== before) spoken.textContent = verdict();
  };

  const update = async () => {
    if (isBusy) { isDue = true; return; }
    isBusy = true;
    isDue = false;
    try {
      const answer = await fetch(fragment, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      put(await answer.text());
      updatedAt = new Date();
      lost.hidden = true;
      tell();
    } catch {
      warn("Haldane did not answer.");
    }
    setTimeout(() => { isBusy = false; if (isDue) update(); }, pauseMs);
  };

  const heard = () => { heardAt = Date.now(); update(); };
  const connect = () => {
    const source = new EventSource(events);
    for (const name of ["open", "commit", "heartbeat"]) source.addEventListener(name, heard);
    source.addEventListener("error", () => {
      warn("The live stream is lost; trying again.");
      // A refused stream is not tried again by the browser.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, retryMs);
    });
  };
  if (events) connect();
  setInterval(() => { if (events && Date.now() - heardAt > silenceMs) warn("The live stream is silent."); }, 5000);
})();
`;
