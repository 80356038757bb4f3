// Tables as spreadsheets read them (RFC 4180).

/** The fields of each line. */
function fields(text) {
  const [rows, row] = [[], []];
  const piece = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|\n|$)/y;
  while (piece.lastIndex < text.length) {
    const found = piece.exec(text);
    if (!found) throw new Error(`no table after ${rows.length} rows`);
    const [, field, end] = found;
    row.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (end !== ",") rows.push(row.splice(0));
  }
  return rows;
}

/** Its rows, by the names of its columns. */
export function table(text) {
  const [columns, ...rows] = fields(text);
  const odd = rows.find((row) => row.length !== columns.length);
  if (odd) throw new Error(`a row has ${odd.length} fields, the table ${columns.length} columns`);
  return rows.map((row) => Object.fromEntries(columns.map((name, place) => [name, row[place]])));
}
