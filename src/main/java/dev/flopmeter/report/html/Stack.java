package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Column;
import java.util.List;

/** A table whose rows become cards on a narrow screen; absent cells are empty. */
record Stack(String caption, List<String> headings, List<List<String>> rows) {
  static <R> Stack of(String caption, List<Column<R>> columns, List<R> rows) {
    return new Stack(
        caption,
        columns.stream().map(Column::heading).toList(),
        rows.stream()
            .map(row -> columns.stream().map(column -> column.cell(row, "")).toList())
            .toList());
  }
}
