/**
 * Page views made inside D1: a number of rows goes in, the SQL that inserts them comes out. Everything follows from
 * the serial number of a page view by whole-number hashing, so that each run makes the same rows.
 */

export interface Traffic {
  site: string
  /** Hours since 1970. */
  from: number
  hours: number
  /** Page views, spread evenly over the hours. */
  views: number
  /** One page view in so many has API calls, two of them. */
  callsIn: number
  /** One page view in so many has load phases and a mark `cart`; none unless said. */
  marksIn?: number
  routes: number
  endpoints: number
}

/** Page views of one INSERT. */
const CHUNK = 50_000

/** A number in [0, 1) for page view `i`, independent of those of other salts: a congruential generator, twice. */
const u = (salt: number) =>
  `((((i * 48271 + ${salt * 7_919 + 1}) % 2147483647) * 69621 + ${salt * 104_729}) % 2147483647 / 2147483647.0)`

/** Nearly standard normal: the sum of three. */
const normal = (salt: number) => `(2 * (${u(salt)} + ${u(salt + 1)} + ${u(salt + 2)} - 1.5))`
const logNormal = (mu: number, sigma: number, salt: number) =>
  `CAST(round(exp(${mu} + ${sigma} * ${normal(salt)})) AS INTEGER)`
/** One of `of` names, the first ones most often. */
const skewed = (of: number, salt: number) => `CAST(${of} * ${u(salt)} * ${u(salt)} AS INTEGER)`
const oneOf = (list: readonly string[], salt: number) =>
  `json_extract('${JSON.stringify(list)}', '$[' || ${skewed(list.length, salt)} || ']')`

const call = (salt: number, endpoints: number) =>
  `json_array('GET /api/' || ${skewed(endpoints, salt)}, 400, ${logNormal(5, 0.8, salt + 1)},
    CASE WHEN ${u(salt + 4)} < 0.02 THEN 1 ELSE 0 END, 200)`

/** One of 40 LCP elements, 60 targets and 20 shifting elements. */
const why = `json_object(
    'lcp', json_array('main>img.k' || ${skewed(40, 50)}, '/img/hero.jpg', 300, 400, 200),
    'inp', json_array('button.k' || ${skewed(60, 53)}, 'click', 5000, 10, 80, 20, NULL),
    'cls', json_array('div.k' || ${skewed(20, 56)}, 30, 1200))`

const phases = `json_array(20, 60, ${logNormal(5.3, 0.7, 24)}, 700, 1200, 1250, ${logNormal(7.5, 0.5, 60)})`
const marks = `json_object('0', json_array(json_array('cart', ${logNormal(6, 0.7, 63)})))`

/** One statement for a part of the traffic, page views `first` to `last`. */
function insertViews(
  { site, from, hours, views, callsIn, marksIn, routes, endpoints }: Traffic,
  first: number,
  last: number,
): string {
  const marked = (value: string, none: string) =>
    marksIn ? `CASE WHEN i % ${marksIn} = 0 THEN ${value} ELSE ${none} END` : none
  const hour = `(${from} + i * ${hours} / ${views})`
  return `WITH RECURSIVE serial(i) AS (VALUES (${first}) UNION ALL SELECT i + 1 FROM serial WHERE i < ${last})
    INSERT INTO pageviews (site, hour, id, began, sequence, weight, navigation, route, release, country, device,
      browser, browser_version, os, connection, lcp, inp, cls, fcp, ttfb, phases, why, marks, calls)
    SELECT '${site}', ${hour}, printf('%08x%08x', i * 2654435761 % 4294967296, i), ${hour} * 3600000 + 1800000, 0, 1,
      ${oneOf(['navigate', 'back-forward', 'reload', 'prerender'], 1)},
      '/route-' || ${skewed(routes, 2)}, ${oneOf(['2.4.0', '2.3.0', '2.2.1'], 3)},
      char(65 + ${skewed(20, 4)}) || 'X', ${oneOf(['phone', 'desktop', 'tablet'], 5)},
      ${oneOf(['Chrome', 'Safari', 'Firefox', 'Edge', 'Samsung Internet'], 6)}, 156, 'Android',
      ${oneOf(['4g', '3g', '2g'], 7)},
      ${logNormal(7.3, 0.6, 10)}, CASE WHEN ${u(13)} < 0.7 THEN ${logNormal(4.4, 0.9, 14)} END,
      CASE WHEN ${u(17)} < 0.4 THEN 0 ELSE ${logNormal(3.5, 1.1, 18)} END,
      ${logNormal(6.9, 0.5, 21)}, ${logNormal(5.3, 0.7, 24)}, ${marked(phases, 'NULL')}, ${why},
      ${marked(marks, "'{}'")},
      CASE WHEN i % ${callsIn} = 0 THEN json_object('0', json_array(${call(30, endpoints)}, ${call(40, endpoints)})) ELSE '{}' END
    FROM serial`
}

/** One vital of one hour from a list of grains, spread over `hours` hours. */
export function insertValues(site: string, from: number, hours: number, grains: readonly number[]): string {
  return `INSERT INTO pageviews (site, hour, id, began, sequence, weight, navigation, route, device, lcp)
    SELECT '${site}', ${from} + key % ${hours}, printf('%016x', key), (${from} + key % ${hours}) * 3600000, 0, 1,
      'navigate', '/', 'phone', value
    FROM json_each('${JSON.stringify(grains)}')`
}

/** The statements for all of the traffic, each short enough for D1. */
export function* insertTraffic(traffic: Traffic): Generator<string> {
  for (let first = 0; first < traffic.views; first += CHUNK) {
    yield insertViews(traffic, first, Math.min(first + CHUNK, traffic.views) - 1)
  }
}
