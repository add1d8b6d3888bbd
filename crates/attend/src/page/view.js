"use strict";
// Data become text nodes only, so that a browser never reads markup in them.
const make = (name, properties = {}, children = []) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

const unpack = async () => {
  const letters = atob(document.getElementById("data").textContent.trim());
  const packed = Uint8Array.from(letters, letter => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const data = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { data, rows: new DataView(buffer, 4 + length) };
};

// The offset of each view's rows: a view has one row for each of its model's maps.
const place = data => {
  let offset = 0;
  for (const text of data.texts) {
    for (const view of text.views) {
      view.offset = offset;
      view.size = 12 + view.tokens - 2;
      offset += data.models[view.model].maps.length * view.size;
    }
  }
};

const weights = (rows, levels, view, map) => {
  const start = view.offset + map * view.size;
  const largest = rows.getFloat32(start, true);
  const inner = Array.from({ length: view.tokens - 2 }, (_, token) => rows.getInt8(start + 12 + token) * largest / levels);
  return [rows.getFloat32(start + 4, true), ...inner, rows.getFloat32(start + 8, true)];
};

// The same scales as in scale.rs: from 0 to 1, shares of the largest absolute weight, or deviations from the mean.
const scaled = (values, scale) => {
  let [zero, unit] = [0, 0];
  if (scale === "z-score") {
    zero = values.reduce((sum, value) => sum + value, 0) / values.length;
    unit = Math.sqrt(values.reduce((sum, value) => sum + (value - zero) ** 2, 0) / values.length);
  } else {
    const least = Math.min(...values), most = Math.max(...values);
    [zero, unit] = least < 0 ? [0, Math.max(most, -least)] : [least, most - least];
  }
  return values.map(value => unit > 0 ? (value - zero) / unit : 0);
};

const level = shown => [0.2, 0.4, 0.6, 0.8].filter(step => Math.abs(shown) >= step).length * Math.sign(shown);

const paint = steps => steps === 0 ? "" : steps < 0 ? `against${-steps}` : `for${steps}`;

// Join word pieces to words.
const words = segments => {
  const joined = [];
  for (const segment of segments) {
    const last = joined[joined.length - 1];
    if (Array.isArray(segment) && segment[3] && Array.isArray(last)) {
      joined[joined.length - 1] = [last[0] + segment[0], last[1], segment[2], 0];
    } else {
      joined.push(segment);
    }
  }
  return joined;
};

const number = weight => Math.abs(weight) < 0.001 && weight !== 0 ? weight.toExponential(1) : weight.toFixed(4);

const chosenMap = (model, chosen) => {
  if (chosen.show !== "attention") return model.maps.indexOf(chosen.show);
  const block = { first: 0, last: model.blocks.length - 1 }[chosen.block] ?? Number(chosen.block);
  const head = chosen.head === "mean" ? null : Number(chosen.head);
  return model.maps.findIndex(map => Array.isArray(map) && map[0] === block && map[1] === head);
};

const mapName = (model, map) => {
  const kind = model.maps[map];
  if (!Array.isArray(kind)) return kind;
  const head = kind[1] === null ? "mean over attention heads" : `attention head ${kind[1]}`;
  return `block ${kind[0]} of 0–${model.blocks.length - 1} (pretrained block ${model.blocks[kind[0]]}), ${head}, from token ${model.query}`;
};

const drawn = ({ data, rows }, view, map, chosen) => {
  const all = weights(rows, data.levels, view, map);
  const segments = chosen.pieces ? view.segments : words(view.segments);
  const isSpecial = segment => segment[1] === 0 || segment[2] === view.tokens;
  const kept = segments.filter(segment => chosen.special || !Array.isArray(segment) || !isSpecial(segment));
  const tokens = kept.filter(Array.isArray);
  const sums = tokens.map(([, start, end]) => all.slice(start, end).reduce((sum, weight) => sum + weight, 0));
  const shown = scaled(sums, chosen.scale);
  let at = 0;
  const body = make("p", { className: "text", dir: "auto" });
  for (const segment of kept) {
    if (Array.isArray(segment)) {
      const title = `${number(sums[at])}, on the scale ${shown[at].toFixed(2)}`;
      const span = make("span", { className: `token ${paint(level(shown[at]))}`, title, textContent: segment[0] });
      body.append(span, isSpecial(segment) ? " " : "");
      at += 1;
    } else if (typeof segment === "number") {
      body.append(make("span", { className: "unread", textContent: ` [… ${segment} characters not read …] ` }));
    } else {
      body.append(make("span", { className: "gap", textContent: segment }));
    }
  }
  return body;
};

const answer = (model, view) => {
  const shares = view.probabilities.map(([label, share]) => `${label} ${(100 * share).toFixed(1)} %`).join(", ");
  const mark = view.right === null ? "" : view.right ? " ✓ right" : " ✗ wrong";
  const name = make("strong", { textContent: model.name });
  return make("p", { className: "answer" }, [name, `: predicted ${view.predicted}${mark} (${shares})`]);
};

const article = (page, text, chosen) => {
  const label = text.label === null ? [] : [make("span", { className: "label", textContent: `true ${text.label}` })];
  const element = make("article", {}, [make("h2", {}, [make("bdi", { textContent: text.id }), " ", ...label])]);
  for (const view of text.views) {
    const model = page.data.models[view.model], map = chosenMap(model, chosen);
    const against = model.against === null ? "" : `, change against ${model.against}`;
    const note = map < 0 ? "this model lacks this method" : mapName(model, map) + against;
    element.append(answer(model, view), make("p", { className: "note", textContent: note }));
    if (map >= 0) element.append(drawn(page, view, map, chosen));
  }
  return element;
};

const select = (name, label, options) => {
  const element = make("select", { name }, options.map(([value, text]) => make("option", { value, textContent: text })));
  return make("label", {}, [label + " ", element]);
};

const check = (name, label, checked) =>
  make("label", {}, [make("input", { type: "checkbox", name, checked }), " " + label]);

const controls = ({ models, shown }) => {
  const form = document.getElementById("controls");
  const range = count => Array.from({ length: count }, (_, index) => index);
  const most = of => Math.max(0, ...models.map(of));
  const named = block => models.length === 1 ? `${block} (pretrained ${models[0].blocks[block]})` : `${block}`;
  const blocks = range(most(model => model.blocks.length)).map(block => [`${block}`, named(block)]);
  const others = [...new Set(models.flatMap(model => model.maps.filter(map => !Array.isArray(map))))];
  const attention = blocks.length > 0 ? [["attention", "attention"]] : [];
  const heads = range(most(model => model.blocks.length > 0 ? model.heads : 0)).map(head => [`${head}`, `${head}`]);
  form.append(
    select("show", "Show", [...attention, ...others.map(name => [name, name])]),
    select("block", "Block", [["last", "last"], ["first", "first"], ...blocks]),
    select("head", "Attention head", [["mean", "mean"], ...heads]),
    select("scale", "Scale", [["min-max", "min–max"], ["z-score", "z-score"]]),
    check("pieces", "word pieces apart", shown.pieces),
    check("special", "[CLS] and [SEP]", shown.special),
  );
  form.elements.scale.value = shown.scale;
  if (Array.isArray(shown.map)) {
    form.elements.block.value = `${shown.map[0]}`;
    form.elements.head.value = shown.map[1] === null ? "mean" : `${shown.map[1]}`;
  } else if (shown.map !== null) {
    form.elements.show.value = shown.map;
  }
  return form;
};

const choice = form => {
  const { show, block, head, scale, pieces, special } = form.elements;
  const isAttention = show.value === "attention";
  [block.disabled, head.disabled] = [!isAttention, !isAttention];
  return {
    show: show.value, block: block.value, head: head.value, scale: scale.value,
    pieces: pieces.checked, special: special.checked,
  };
};

// Only weights that may be below 0 need the blue colours.
const hasSign = (models, chosen) =>
  chosen.scale === "z-score" || models.some(model => model.against !== null) || /gradient/.test(chosen.show);

const legend = (models, chosen) => {
  const signed = hasSign(models, chosen);
  const ofLargest = signed ? "of the largest absolute weight" : "of the way from the smallest to the largest weight";
  const unit = chosen.scale === "z-score" ? "standard deviations from the mean" : ofLargest;
  const chip = steps => make("span", { className: paint(steps), textContent: `${(steps / 5).toFixed(1).replace("-", "−")}` });
  const steps = signed ? [-4, -3, -2, -1, 1, 2, 3, 4] : [1, 2, 3, 4];
  document.getElementById("legend").replaceChildren("from ", ...steps.flatMap(step => [chip(step), " "]), unit);
};

const start = async () => {
  const page = await unpack();
  place(page.data);
  const form = controls(page.data), texts = document.getElementById("texts"), status = document.getElementById("status");
  const show = () => {
    const chosen = choice(form);
    legend(page.data.models, chosen);
    texts.replaceChildren(...page.data.texts.map(text => article(page, text, chosen)));
  };
  form.addEventListener("change", show);
  form.addEventListener("submit", event => event.preventDefault());
  const tell = event => {
    const token = event.target.closest(".token");
    status.textContent = token ? `${token.textContent}: ${token.title}` : "";
  };
  texts.addEventListener("mouseover", tell);
  texts.addEventListener("click", tell);
  show();
};

start().catch(error => {
  const why = typeof DecompressionStream === "undefined" ? "this browser is too old to unpack the texts" : `${error}`;
  document.getElementById("texts").textContent = `The texts cannot be shown: ${why}.`;
});
