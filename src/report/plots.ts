/** Plots as SVG texts, drawn without a browser. */
import type { SegmentLines } from '../kam/funnel.js';
import type { Measured } from '../kam/model/metrics.js';
import type { Cents } from '../kam/units.js';

export type Plots = {
  /** Figures with their intervals, one group per label, side by side within it; a dotted line where chance would be. */
  intervals(labels: readonly string[], series: readonly IntervalSeries[], reference: number | null): string;
  /** What was said against what happened; the diagonal is perfect. */
  reliability(series: readonly { name: string; points: readonly { predicted: number; observed: number }[] }[]): string;
  /** Share found in the best parts of a list, of equal steps from nothing to all; the diagonal is chance. */
  gains(series: readonly { name: string; shares: readonly number[] }[]): string;
  bars(
    labels: readonly string[],
    series: readonly { name: string; values: readonly number[] }[],
    unit: string | null,
  ): string;
  /**
   * Groups by revenue and additional potential, on logarithmic axes that a line each divides into four segments. What lies
   * below a thousandth of a line, or is nothing, stands at the edge.
   */
  segments(series: readonly SegmentSeries[], lines: SegmentLines, unit: string | null): string;
};

/** Cents per year. */
export type SegmentSeries = {
  name: string;
  mark: 'circle' | 'triangle' | 'rect' | 'diamond';
  colour: string;
  points: readonly { revenue: Cents; potential: Cents }[];
};

export type IntervalSeries = { name: string; values: readonly Measured[] };

/** Told apart without seeing colours well, too. Source: Okabe and Ito. */
const COLOURS = ['#0072b2', '#56b4e9', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#000000', '#999999'];

const SIZE = { width: 500, height: 320 };
const TEXT = { fontSize: 11, fontFamily: 'Arial, sans-serif' };
/** Without a browser the width of a text is guessed; the gap leaves room for a wrong guess. */
const LEGEND = { bottom: 0, itemGap: 22, itemWidth: 14, itemHeight: 10, textStyle: TEXT };

/** Loads the library that draws. */
export async function openPlots(): Promise<Plots> {
  const { init, use } = await import('echarts/core');
  const { BarChart, CustomChart, LineChart, ScatterChart } = await import('echarts/charts');
  const { GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent } = await import('echarts/components');
  const { SVGRenderer } = await import('echarts/renderers');
  use([BarChart, CustomChart, LineChart, ScatterChart, SVGRenderer]);
  use([GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent]);

  const draw = (option: object): string => {
    const chart = init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
    chart.setOption({ animation: false, color: COLOURS, textStyle: TEXT, ...option });
    const svg = chart.renderToSVGString();
    chart.dispose();
    return svg;
  };

  return {
    intervals: (labels, series, reference) => {
      const figures = series.flatMap(({ values }) => values).filter((value) => value !== null);
      const lowest = Math.min(...figures.map(({ low }) => low), reference ?? 1);
      const highest = Math.max(...figures.map(({ high }) => high), reference ?? 0);
      return draw({
        grid: { left: 48, right: 16, top: 16, bottom: 24 + 18 * Math.ceil(series.length / 3) },
        legend: LEGEND,
        xAxis: { type: 'category', data: [...labels], axisTick: { show: false } },
        yAxis: {
          type: 'value',
          min: Math.floor(lowest * 20 - 0.01) / 20,
          max: Math.ceil(highest * 20 + 0.01) / 20,
          axisLabel: { formatter: (value: number) => value.toFixed(2) },
        },
        series: series.map(({ name, values }, index) => ({
          name,
          type: 'custom',
          itemStyle: { color: COLOURS[index % COLOURS.length] },
          renderItem: (_: unknown, api: Drawing) => whisker(api, index, series.length, COLOURS[index % COLOURS.length]),
          data: values.flatMap((value, label) => (value === null ? [] : [[label, value.value, value.low, value.high]])),
          ...(index === 0 && reference !== null ? { markLine: lineAt(reference) } : {}),
        })),
      });
    },
    reliability: (series) => {
      const points = series.flatMap((one) => one.points);
      const most = Math.min(
        1,
        Math.max(0.02, ...points.map(({ predicted, observed }) => Math.max(predicted, observed))) * 1.05,
      );
      return draw({
        grid: { left: 48, right: 16, top: 24, bottom: 64 },
        legend: LEGEND,
        xAxis: fractionAxis('said', most),
        yAxis: fractionAxis('happened', most),
        series: [
          diagonal(most),
          ...series.map(({ name, points: own }, index) => ({
            name,
            type: 'line',
            symbolSize: 6,
            color: COLOURS[index % COLOURS.length],
            data: own.map(({ predicted, observed }) => [predicted, observed]),
          })),
        ],
      });
    },
    gains: (series) =>
      draw({
        grid: { left: 48, right: 16, top: 24, bottom: 64 },
        legend: LEGEND,
        xAxis: fractionAxis('share of the list', 1),
        yAxis: fractionAxis('found', 1),
        series: [
          diagonal(1),
          ...series.map(({ name, shares }, index) => ({
            name,
            type: 'line',
            showSymbol: false,
            color: COLOURS[index % COLOURS.length],
            data: shares.map((share, step) => [step / (shares.length - 1), share]),
          })),
        ],
      }),
    bars: (labels, series, unit) =>
      draw({
        grid: { left: 72, right: 16, top: 24, bottom: 56 },
        legend: LEGEND,
        xAxis: { type: 'category', data: [...labels] },
        yAxis: {
          type: 'value',
          name: unit ?? '',
          axisLabel: { formatter: (value: number) => value.toLocaleString('en-GB') },
        },
        series: series.map(({ name, values }) => ({ name, type: 'bar', data: [...values] })),
      }),
    segments: (series, lines, unit) => {
      const points = series.flatMap((one) => one.points);
      const across = moneyAxis(
        points.map(({ revenue }) => revenue),
        lines.revenue,
      );
      const up = moneyAxis(
        points.map(({ potential }) => potential),
        lines.potential,
      );
      const axis = (name: string, { low, high }: Span): object => ({
        type: 'log',
        name: unit === null ? name : `${name}, ${unit}`,
        nameLocation: 'middle',
        min: low,
        max: high,
        splitLine: { show: false },
        axisLabel: { formatter: (value: number) => compact.format(value), showMinLabel: false, showMaxLabel: false },
      });
      return draw({
        grid: { left: 64, right: 16, top: 16, bottom: 76 },
        legend: LEGEND,
        xAxis: { ...axis('revenue a year', across), nameGap: 24 },
        yAxis: { ...axis('additional potential a year', up), nameGap: 44 },
        series: [
          { type: 'scatter', silent: true, data: [], ...quarters(across, up) },
          ...series.map(({ name, mark, colour, points: own }) => ({
            name,
            type: 'scatter',
            symbol: mark,
            symbolSize: mark === 'circle' ? 5 : 9,
            itemStyle: { color: colour, opacity: 0.85 },
            data: own.map(({ revenue, potential }) => [onAxis(revenue, across), onAxis(potential, up)]),
          })),
        ],
      });
    },
  };
}

/** What the library hands to whoever draws a shape of its own. */
type Drawing = {
  value(dimension: number): number;
  coord(point: [number, number]): [number, number];
  size(extent: [number, number]): [number, number];
};

/** A dot with a vertical line from the low to the high end, beside those of the other series. */
function whisker(api: Drawing, index: number, count: number, colour: string | undefined): object {
  const label = api.value(0);
  const at = (value: number): [number, number] => {
    const [x, y] = api.coord([label, value]);
    const [width] = api.size([1, 0]);
    return [x + ((index - (count - 1) / 2) / (count + 1)) * width, y];
  };
  const [[x, y], [, low], [, high]] = [at(api.value(1)), at(api.value(2)), at(api.value(3))];
  return {
    type: 'group',
    children: [
      { type: 'line', shape: { x1: x, y1: low, x2: x, y2: high }, style: { stroke: colour, lineWidth: 2 } },
      { type: 'circle', shape: { cx: x, cy: y, r: 4 }, style: { fill: colour } },
    ],
  };
}

const lineAt = (reference: number): object => ({
  symbol: 'none',
  silent: true,
  label: { show: false },
  lineStyle: { color: '#747474', type: 'dotted' },
  data: [{ yAxis: reference }],
});

const fractionAxis = (name: string, most: number): object => ({
  type: 'value',
  name,
  nameLocation: name === 'said' || name === 'share of the list' ? 'middle' : 'end',
  nameGap: name === 'said' || name === 'share of the list' ? 22 : 8,
  min: 0,
  max: most,
  axisLabel: { formatter: (value: number) => `${Number((value * 100).toFixed(1))} %`, hideOverlap: true },
});

const diagonal = (most: number): object => ({
  type: 'line',
  showSymbol: false,
  silent: true,
  lineStyle: { color: '#747474', type: 'dotted', width: 1 },
  data: [
    [0, 0],
    [most, most],
  ],
});

/** Both ends of an axis and where "high" begins on it, in whole currency units. */
type Span = { low: number; line: number; high: number };

function moneyAxis(amounts: readonly Cents[], line: Cents): Span {
  const edge = Math.max(1, line) / 1000;
  const least = Math.max(edge, Math.min(line, ...amounts.filter((amount) => amount > 0)));
  const most = Math.max(line * 2, ...amounts);
  return { low: least / 150, line: Math.max(1, line) / 100, high: (most * 1.5) / 100 };
}

const onAxis = (amount: Cents, { low }: Span): number => Math.max(amount / 100, low);

const compact = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumSignificantDigits: 3 });

type Sides = [[number, number], [number, number]];

/** The four segments as fields with their names in the corners. */
function quarters(across: Span, up: Span): object {
  const field = (name: string, corner: string, [x1, x2]: [number, number], [y1, y2]: [number, number]): object[] => [
    { name, coord: [x1, y1], label: { position: corner } },
    { coord: [x2, y2] },
  ];
  const [left, right]: Sides = [
    [across.low, across.line],
    [across.line, across.high],
  ];
  const [below, above]: Sides = [
    [up.low, up.line],
    [up.line, up.high],
  ];
  return {
    markArea: {
      silent: true,
      itemStyle: { color: 'transparent', borderColor: '#747474', borderWidth: 1, borderType: 'dotted' },
      label: { color: '#747474', fontSize: 12 },
      data: [
        field('Development', 'insideTopLeft', left, above),
        field('Top', 'insideTopRight', right, above),
        field('Small', 'insideBottomLeft', left, below),
        field('Base', 'insideBottomRight', right, below),
      ],
    },
  };
}
