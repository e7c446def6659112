package history

import (
	"fmt"

	"github.com/xuri/excelize/v2"

	"synccenter.dev/synccenter/internal/plan"
)

// writeSummary fills the first sheet: what the history shows of the run, and below it the counts of its operations.
func (b *workbook) writeSummary(run *Summary) error {
	stream, err := b.file.NewStreamWriter(b.summary)
	if err != nil {
		return err
	}
	if err := stream.SetColWidth(1, 1, 30); err != nil {
		return err
	}
	if err := stream.SetColWidth(2, 6, 20); err != nil {
		return err
	}
	rows := append(b.summaryRows(run), nil)
	rows = append(rows, b.operationRows(run.Counts.Operations)...)
	for i, cells := range rows {
		if err := stream.SetRow(fmt.Sprintf("A%d", i+1), cells); err != nil {
			return err
		}
	}
	return stream.Flush()
}

func (b *workbook) summaryRows(run *Summary) [][]any {
	locale := b.look.Locale
	row := func(heading phrase, value any) []any {
		if text, ok := value.(string); ok {
			value = b.records.text(text)
		}
		return []any{b.heading(heading), value}
	}
	counts := run.Counts
	return [][]any{
		row(phrase{"Task", "同步任务"}, run.Task),
		row(phrase{"Task title", "任务名称"}, run.TaskTitle),
		row(phrase{"Namespace", "命名空间"}, run.Namespace),
		row(phrase{"Run", "同步作业"}, run.Run),
		row(phrase{"Sequence", "序号"}, run.Sequence),
		row(phrase{"Type", "类型"}, runWord(run.Type, locale)),
		row(phrase{"Mode", "同步方式"}, runWord(run.Mode, locale)),
		row(phrase{"Result", "结果"}, runWord(run.Phase, locale)),
		row(phrase{"Time zone", "时区"}, b.look.TimeZone.String()),
		row(phrase{"Started", "开始时间"}, b.time(run.StartTime)),
		row(phrase{"Sync time", "同步时间"}, b.time(run.SyncTime)),
		row(phrase{"Organizations", "组织状态"}, counts.Organizations.Summary()),
		row(phrase{"Organization updates", "组织更新"}, counts.Organizations.UpdatesSummary()),
		row(phrase{"Users", "用户状态"}, counts.Users.Summary()),
		row(phrase{"User updates", "用户更新"}, counts.Users.UpdatesSummary()),
		row(phrase{"Records in this file", "本文件记录数"}, b.number),
		row(phrase{"Message", "说明"}, run.Message),
	}
}

func (b *workbook) operationRows(operations []OperationCount) [][]any {
	planned := phrase{"Planned", "计划"}
	rows := [][]any{{
		b.heading(operationHeading), b.heading(planned), b.heading(statusWords[plan.Succeeded]),
		b.heading(statusWords[plan.Failed]), b.heading(statusWords[plan.Skipped]), b.heading(statusWords[plan.Held]),
	}}
	for _, o := range operations {
		name := OperationWord(plan.OperationKind(o.Operation), b.look.Locale)
		rows = append(rows, []any{name, o.Planned, o.Succeeded, o.Failed, o.Skipped, o.Held})
	}
	return rows
}

func (b *workbook) heading(words phrase) excelize.Cell {
	return excelize.Cell{StyleID: b.styles.heading, Value: words.in(b.look.Locale)}
}
