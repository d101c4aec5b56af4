/** The frame of a report as one HTML file: it needs no network, no script, and shows every text as it is. */

/** A whole page; `body` is HTML, the title is not. */
export const page = (title: string, body: string, version: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${body}
<p class="made">Made by sf-plugin-kam ${escaped(version)}.</p>
</main>
</body>
</html>
`;

/** A text as HTML shows it, also within quotes. */
export const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? sign);

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const STYLE = `
:root { color-scheme: light; }
body { margin: 0; background: #f3f3f3; color: #181818; font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 22px; } h2 { font-size: 18px; margin: 32px 0 8px; }
section { background: #fff; border: 1px solid #e5e5e5; border-radius: 8px; padding: 4px 20px 20px; margin: 16px 0; }
section h2 { margin-top: 16px; }
.verdict { border-left: 4px solid #747474; padding-left: 12px; }
.verdict.holds { border-color: #2e844a; } .verdict.sometimes { border-color: #dd7a01; } .verdict.notValidated { border-color: #ba0517; }
.plots { display: flex; flex-wrap: wrap; gap: 16px; }
figure { margin: 8px 0; flex: 1 1 420px; min-width: 0; max-width: 520px; } figure svg { width: 100%; height: auto; }
figure.wide { max-width: 780px; }
figcaption { font-weight: 600; margin-bottom: 4px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; margin-top: 12px; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid #e5e5e5; white-space: nowrap; }
tbody th { font-weight: 400; color: #444; }
td.money, th.money { text-align: right; } td.words { white-space: normal; min-width: 18em; }
.made { color: #747474; font-size: 13px; margin-top: 32px; }
`;
