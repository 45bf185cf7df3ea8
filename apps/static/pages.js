// Runs before the page's own scripts: Gradio reads navigator.language once, at the start.
(() => {
  const language = window.colonnadeLanguage;
  const spoken = language === "zh" ? "zh-CN" : "en";
  document.documentElement.lang = spoken;
  Object.defineProperty(navigator, "language", { get: () => spoken });
  Object.defineProperty(navigator, "languages", { get: () => [spoken] });
  document.cookie = `colonnade_language=${language};path=/;max-age=31536000;samesite=lax`;

  const paint = () => {
    const mode = localStorage.getItem("colonnade_mode");
    if (mode) document.body.classList.toggle("dark", mode === "dark");
  };
  window.colonnadeMode = () => {
    const dark = !document.body.classList.contains("dark");
    localStorage.setItem("colonnade_mode", dark ? "dark" : "light");
    paint();
  };
  // Gradio sets the mode when it mounts: ours is put back whenever the body's class changes
  document.addEventListener("DOMContentLoaded", () => {
    paint();
    new MutationObserver(() => {
      const mode = localStorage.getItem("colonnade_mode");
      if (mode && document.body.classList.contains("dark") !== (mode === "dark")) paint();
    }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  });

  // A click on a point of the monitor's plot fills in the day below it. Plotly forgets its listeners when it draws anew,
  // so that ours is set when the pointer goes down, before Plotly sees the click.
  document.addEventListener("pointerdown", (event) => {
    const plot = event.target.closest?.("#live-plot .js-plotly-plot");
    if (!plot?.on) return;
    plot.removeAllListeners("plotly_click");
    plot.on("plotly_click", (clicked) => {
      const field = document.querySelector("#live-day textarea, #live-day input");
      field.value = String(clicked.points[0].x).slice(0, 10);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }, { capture: true });

  // On a phone an answer stands below the examples, out of sight of who asked for it: it is brought there, once an act.
  // To who does not see the page its headline is read.
  let asked = false;
  let moved = false;
  for (const act of ["click", "change", "drop", "keydown"]) {
    document.addEventListener(act, (event) => {
      if (act === "keydown" && event.key !== "Enter") return;
      asked = !event.target.closest?.("#answer, input[type=range], input[type=number]");
      moved = false;
    }, { capture: true });
  }
  for (const act of ["wheel", "touchmove"]) {
    document.addEventListener(act, () => { moved = true; }, { capture: true, passive: true });
  }
  document.addEventListener("DOMContentLoaded", () => {
    const read = document.createElement("p");
    read.className = "cl-read";
    read.setAttribute("role", "status");
    document.body.append(read);
    new MutationObserver((changes) => {
      // Gradio patches an answer in place: it is there when its progress is gone
      const answer = asked && document.querySelector("#answer:has(.cl-answer, .cl-error):not(:has(.progress-text))");
      if (!answer || !changes.some((change) => answer.contains(change.target))) return;
      asked = false;
      read.textContent = [...answer.querySelectorAll("h3")].map((headline) => headline.lastChild.textContent).join("; ");
      if (moved || answer.getBoundingClientRect().top < innerHeight * 0.8) return;
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      answer.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
    }).observe(document.body, { childList: true, subtree: true });
  });
})();
