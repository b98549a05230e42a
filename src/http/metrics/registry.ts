import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import type { HistogramCounts } from '../../observe/histogram.ts';

/** The metrics of one service. Every value is read when it is scraped, from where it is kept. */
export class Metrics {
  readonly registry = new Registry();

  gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    collect: (gauge: Gauge<L>) => void | Promise<void>,
  ): void {
    const metric = new Gauge({
      name: `cronflow_${name}`,
      help,
      labelNames,
      registers: [],
      async collect() {
        // A label of the last scrape, such as a revision, must not stay.
        this.reset();
        await collect(this);
      },
    });
    this.registry.registerMetric(metric);
  }

  /** Adds a counter whose counts are kept elsewhere. */
  counter<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    collect: (counter: Counter<L>) => void,
  ): void {
    const metric = new Counter({
      name: `cronflow_${name}_total`,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        collect(this);
      },
    });
    this.registry.registerMetric(metric);
  }

  /**
   * Adds a histogram whose counts are kept elsewhere.
   * @param collect returns the counts for each value of the labels
   */
  histogram(
    name: string,
    help: string,
    collect: () => Iterable<readonly [labels: Readonly<Record<string, string>>, counts: HistogramCounts]>,
  ): void {
    const full = `cronflow_${name}`;
    const get = async () => {
      const values = [...collect()].flatMap(([labels, counts]) => samplesOf(full, labels, counts));
      return { name: full, help, type: 'histogram', values, aggregator: 'sum' };
    };
    // The library has no histogram whose counts come from outside. This is all that its registry asks of a metric.
    this.registry.registerMetric({ name: full, get, reset: () => {} } as unknown as Metric);
  }
}

function samplesOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  counts: HistogramCounts,
): object[] {
  const cumulative = counts.cumulative();
  const total = cumulative.at(-1) ?? 0;
  const bounds = [...counts.bounds.map(String), '+Inf'];
  return [
    ...bounds.map((le, at) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value: cumulative[at] ?? total,
    })),
    { metricName: `${name}_sum`, labels, value: counts.sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
}
