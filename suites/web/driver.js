// What is done in the page, for every vendor's alike. A function returns "" when it has
// done what it is for, or says what is in its way; then it is called again.
(() => {
  const seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";
  const rows = (selector, name) => [...document.querySelectorAll(selector)].filter((row) => seen(row) &&
    (row.textContent.includes(name) || [...row.querySelectorAll("input")].some((input) => input.value.includes(name))));

  // element finds the first that can be seen, in the entry of a name or on the whole page.
  // Where none can be seen it takes a check box whose label can.
  const element = (selector, row, name) => {
    let root = document;
    if (name) {
      root = rows(row, name)[0];
      if (!root) return [null, `no entry that fits ${row} shows the name`];
    }
    const all = [...root.querySelectorAll(selector)];
    const found = all.find(seen) ?? all.find((e) => [...(e.labels ?? [])].some(seen));
    return [found ?? null, found ? "" : `nothing that can be seen fits ${selector}`];
  };

  // isOn reads a check box, a switch, a toggle button, a list to choose from, or plain words.
  const isOn = (e) => {
    const box = e.matches("input[type=checkbox]") ? e : e.querySelector("input[type=checkbox]");
    if (box) return box.checked;
    for (const attribute of ["aria-checked", "aria-pressed"]) {
      if (e.hasAttribute(attribute)) return e.getAttribute(attribute) === "true";
    }
    return words(e instanceof HTMLSelectElement ? e.selectedOptions[0]?.textContent ?? "" : e.textContent);
  };
  const words = (text) => /\b(disabled|inactive|off|no)\b/i.test(text) ? false : /\b(enabled|active|on|yes)\b/i.test(text) ? true : null;

  return {
    visible: (selector) => element(selector)[0] ? "" : element(selector)[1],
    listed: (row, name) => rows(row, name).length ? "" : `no entry that fits ${row} shows the name`,

    focus(selector) {
      const [e, problem] = element(selector);
      if (!e) return problem;
      e.focus();
      e.select?.();
      return document.activeElement === e ? "" : `${selector} does not take the focus`;
    },

    // narrow types a name into a search field in one go; what is typed already is left alone.
    narrow(selector, name) {
      const [e] = element(selector);
      if (!e || e.value === name) return "";
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(e, name);
      for (const kind of ["input", "change"]) e.dispatchEvent(new Event(kind, { bubbles: true }));
      return "";
    },

    state(selector, row, name) {
      const [e, problem] = element(selector, row, name);
      if (!e) return problem;
      return { true: "on", false: "off" }[isOn(e)] ?? `${selector} says neither on nor off`;
    },

    press(selector, row, name) {
      const [e, problem] = element(selector, row, name);
      if (!e) return problem;
      if (e.disabled || e.getAttribute("aria-disabled") === "true") return `${selector} is disabled`;
      const visible = seen(e) ? e : [...e.labels].find(seen);
      visible.scrollIntoView({ block: "center" });
      if (e instanceof HTMLSelectElement) {
        const other = [...e.options].find((option) => words(option.textContent) === !isOn(e));
        if (!other) return `${selector} has nothing else to choose`;
        e.value = other.value;
        for (const kind of ["input", "change"]) e.dispatchEvent(new Event(kind, { bubbles: true }));
        return "";
      }
      visible.click();
      return "";
    },

    drop(selector, fileName, text) {
      const [e, problem] = element(selector);
      if (!e) return problem;
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([text], fileName, { type: "application/x-x509-ca-cert" }));
      const send = (kind) => e.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, composed: true, dataTransfer }));
      send("dragenter");
      send("dragover");
      if (!send("drop")) return "";
      // Nobody took the file. A browser then gives it to a file field, or leaves the page for it.
      if (!e.matches("input[type=file]")) return `${selector} does not take a dropped file`;
      e.files = dataTransfer.files;
      for (const kind of ["input", "change"]) e.dispatchEvent(new Event(kind, { bubbles: true }));
      return "";
    },
  };
})()
