// Small charts, drawn in SVG. What they show is said in their label too.

const SPACE = 'http://www.w3.org/2000/svg';
const WIDTH = 200;
const HEIGHT = 44;

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

const frame = (label, ...children) =>
  svg(
    'svg',
    {
      class: 'chart',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': label,
    },
    ...children,
  );

/** A line through `values`, oldest first, from 0 up to `top` or the highest of them. */
export function lineChart(values, label, top = 0) {
  const highest = Math.max(1, top, ...values);
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, i) => [
    i * step,
    HEIGHT - 2 - (value / highest) * (HEIGHT - 4),
  ]);
  const path = points
    .map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
  const end = ((values.length - 1) * step).toFixed(1);
  if (values.length < 2) return frame(label);
  return frame(
    label,
    svg('path', { class: 'area-fill', d: `${path}L${end} ${HEIGHT}L0 ${HEIGHT}Z` }),
    svg('path', { class: 'stroke', d: path, 'vector-effect': 'non-scaling-stroke' }),
  );
}

/** A bar for each of `values`. */
export function barChart(values, label) {
  const highest = Math.max(1, ...values);
  const width = WIDTH / values.length;
  return frame(
    label,
    ...values.map((value, i) => {
      const height = Math.max(value > 0 ? 3 : 1, (value / highest) * (HEIGHT - 2));
      return svg('rect', {
        class: 'bar-fill',
        x: i * width + width * 0.12,
        y: HEIGHT - height,
        width: width * 0.76,
        height,
        rx: 2,
      });
    }),
  );
}
