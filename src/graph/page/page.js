"use strict";
(() => {
  const sections = [...document.querySelectorAll("section")];
  const items = [...document.querySelectorAll("li")];
  const search = document.getElementById("search");
  const views = new Map();
  let current = null;

  const place = (section) => {
    const view = views.get(section);
    section.firstElementChild.style.transform = `translate(${view.x}px,${view.y}px) scale(${view.scale})`;
  };
  const fit = (section, most) => {
    const svg = section.firstElementChild;
    const width = svg.width.baseVal.value, height = svg.height.baseVal.value;
    const room = section.getBoundingClientRect();
    // Tall canvases begin at their top, at a size that can be read.
    const scale = Math.min(most, Math.max(Math.min(room.width / width, room.height / height), Math.min(0.6, room.width / width)));
    views.set(section, { scale, x: Math.max(0, (room.width - width * scale) / 2), y: Math.max(0, Math.min(24, (room.height - height * scale) / 2)) });
    place(section);
  };
  const zoom = (section, factor, x, y) => {
    const view = views.get(section);
    const scale = Math.min(4, Math.max(0.05, view.scale * factor));
    view.x = x - (x - view.x) * scale / view.scale;
    view.y = y - (y - view.y) * scale / view.scale;
    view.scale = scale;
    place(section);
  };
  const show = () => {
    const number = location.hash.slice(1) || "1";
    current = sections.find((section) => section.dataset.number === number) || sections[0];
    sections.forEach((section) => { section.hidden = section !== current; });
    items.forEach((item, at) => {
      const link = item.firstElementChild;
      if (sections[at] === current) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
    });
    if (current && !views.has(current)) fit(current, 1);
    find();
  };
  const find = () => {
    const word = search.value.trim().toLowerCase();
    items.forEach((item) => { item.hidden = word !== "" && !item.dataset.words.includes(word); });
    if (!current) return;
    current.querySelectorAll(".card").forEach((card) => {
      const is = word !== "" && card.firstElementChild.textContent.toLowerCase().includes(word);
      card.classList.toggle("found", is);
    });
  };

  sections.forEach((section) => {
    const touches = new Map();
    let distance = 0;
    section.addEventListener("wheel", (event) => {
      event.preventDefault();
      const room = section.getBoundingClientRect(), view = views.get(section);
      if (event.ctrlKey || event.metaKey) {
        zoom(section, Math.exp(-event.deltaY / 200), event.clientX - room.left, event.clientY - room.top);
      } else {
        view.x -= event.shiftKey ? event.deltaY : event.deltaX;
        view.y -= event.shiftKey ? 0 : event.deltaY;
        place(section);
      }
    }, { passive: false });
    section.addEventListener("pointerdown", (event) => {
      // Text can be selected; the ground is taken hold of.
      if (event.target.closest("text")) return;
      touches.set(event.pointerId, event);
      section.setPointerCapture(event.pointerId);
      section.classList.add("held");
    });
    section.addEventListener("pointermove", (event) => {
      const before = touches.get(event.pointerId);
      if (!before) return;
      const view = views.get(section);
      touches.set(event.pointerId, event);
      if (touches.size === 2) {
        const [a, b] = [...touches.values()], room = section.getBoundingClientRect();
        const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        if (distance > 0) zoom(section, now / distance, (a.clientX + b.clientX) / 2 - room.left, (a.clientY + b.clientY) / 2 - room.top);
        distance = now;
        return;
      }
      view.x += event.clientX - before.clientX;
      view.y += event.clientY - before.clientY;
      place(section);
    });
    const release = (event) => {
      touches.delete(event.pointerId);
      distance = 0;
      if (touches.size === 0) section.classList.remove("held");
    };
    section.addEventListener("pointerup", release);
    section.addEventListener("pointercancel", release);
    section.addEventListener("keydown", (event) => {
      const room = section.getBoundingClientRect(), view = views.get(section);
      const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
      if (event.key in moves) {
        view.x += moves[event.key][0];
        view.y += moves[event.key][1];
        place(section);
      } else if (event.key === "+" || event.key === "=") zoom(section, 1.2, room.width / 2, room.height / 2);
      else if (event.key === "-") zoom(section, 1 / 1.2, room.width / 2, room.height / 2);
      else if (event.key === "0") fit(section, 1);
      else return;
      event.preventDefault();
    });
  });
  document.querySelector(".tools").addEventListener("click", (event) => {
    if (!current || !event.target.dataset.zoom) return;
    const room = current.getBoundingClientRect(), view = views.get(current);
    switch (event.target.dataset.zoom) {
      case "in": zoom(current, 1.25, room.width / 2, room.height / 2); break;
      case "out": zoom(current, 0.8, room.width / 2, room.height / 2); break;
      case "one": zoom(current, 1 / view.scale, room.width / 2, room.height / 2); break;
      default: {
        const svg = current.firstElementChild;
        fit(current, Math.min(1.5, room.width / svg.width.baseVal.value, room.height / svg.height.baseVal.value));
      }
    }
  });
  search.addEventListener("input", find);
  addEventListener("hashchange", show);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) { search.focus(); event.preventDefault(); }
  });
  show();
})();
