package cli

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// barWidth is the length of a full bar.
const barWidth = 30

// progressView shows how far a run is: as one line that is written again and again on a terminal, else as a new line whenever the
// phase or the message changes or another tenth is done.
type progressView struct {
	out  io.Writer
	bar  bool
	last string
	// told is the message that was shown last in a line of its own.
	told string
}

// show shows a run that goes on; how it ended is told by printOutcome.
func (v *progressView) show(run *v1alpha1.SyncRun) {
	if isComplete(run) {
		return
	}
	if v.bar {
		text := barText(run)
		if text != v.last {
			fmt.Fprintf(v.out, "\r\x1b[K%s", text)
		}
		v.last = text
		return
	}
	text, message := stepText(run), waitingFor(run)
	if message != "" && message != v.told && !isCounted(run) {
		v.told = message
		fmt.Fprintf(v.out, "%s: %s\n", text, shortened(message, messageWidth)) // the end tells it whole
	} else if text != v.last {
		fmt.Fprintln(v.out, text)
	}
	v.last = text
}

// end clears the line of the bar.
func (v *progressView) end() {
	if v.bar && v.last != "" {
		fmt.Fprint(v.out, "\r\x1b[K")
	}
}

func barText(run *v1alpha1.SyncRun) string {
	if !isCounted(run) {
		return fmt.Sprintf("%s  %s", shownPhase(run), shortened(waitingFor(run), messageWidth)) // in one line, or it could not be written over
	}
	progress := run.Status.Progress
	done := min(progress.Done, progress.Total)
	full := int(done * barWidth / progress.Total)
	return fmt.Sprintf("%s  [%s%s] %3d%%  %d/%d", shownPhase(run), strings.Repeat("#", full), strings.Repeat(".", barWidth-full),
		done*100/progress.Total, progress.Done, progress.Total)
}

// isCounted reports that it is known how much there is to do.
func isCounted(run *v1alpha1.SyncRun) bool {
	return run.Status.Progress != nil && run.Status.Progress.Total > 0
}

// stepText changes with the phase and with each tenth, so that a log does not fill.
func stepText(run *v1alpha1.SyncRun) string {
	if !isCounted(run) {
		return string(shownPhase(run))
	}
	progress := run.Status.Progress
	tenth := min(progress.Done, progress.Total) * 10 / progress.Total
	return fmt.Sprintf("%s %d%% of %d", shownPhase(run), tenth*10, progress.Total)
}

// waitingFor says why a run is not going on, if it says so itself.
func waitingFor(run *v1alpha1.SyncRun) string {
	if condition := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionComplete); condition != nil && condition.Message != "" {
		return plain(condition.Message)
	}
	return plain(run.Status.Message)
}

// outcomeMessage is the sentence with which a run ended.
func outcomeMessage(run *v1alpha1.SyncRun) string {
	if run.Status.Message != "" {
		return plain(run.Status.Message)
	}
	return waitingFor(run)
}

// printOutcome prints what a person wants to know of a run that is over, or of one that has no records yet.
func (o *Options) printOutcome(run *v1alpha1.SyncRun) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Run %s: %s", run.Name, shownPhase(run))
	if at := syncTime(run); !at.IsZero() {
		fmt.Fprintf(&b, ", %s %s", endWord(run), o.moment(at))
	}
	b.WriteString("\n")
	if progress := run.Status.Progress; progress != nil && !isComplete(run) {
		fmt.Fprintf(&b, "  progress: %s\n", progressText(progress))
	}
	writeCounts(&b, "Organizations", run.Status.Organizations)
	writeCounts(&b, "Users", run.Status.Users)
	for _, operation := range run.Status.Operations {
		fmt.Fprintf(&b, "  %-22s planned %d, succeeded %d, failed %d, skipped %d, held %d\n",
			operation.Operation, operation.Planned, operation.Succeeded, operation.Failed, operation.Skipped, operation.Held)
	}
	for _, failure := range run.Status.Failures {
		fmt.Fprintf(&b, "  failed: %s of %s %s (%s): %s: %s\n", failure.Operation, strings.ToLower(string(failure.Subject)),
			plain(failure.Name), plain(failure.ID), failure.Reason, plain(failure.Message))
	}
	if len(run.Status.Failures) > 0 {
		fmt.Fprintf(&b, "  all failures: kubectl synccenter details %s --status failed\n", run.Name)
	}
	if message := outcomeMessage(run); message != "" {
		fmt.Fprintf(&b, "  %s\n", message)
	}
	_, err := io.WriteString(o.Out, b.String())
	return err
}

// endWord is "synced" unless the run ended without anything that it could have applied.
func endWord(run *v1alpha1.SyncRun) string {
	appliedNothing := run.Status.Records == nil || run.Status.Records.Count == 0
	if appliedNothing && (run.Status.Phase == v1alpha1.PhaseFailed || run.Status.Phase == v1alpha1.PhaseCancelled) {
		return "ended"
	}
	return "synced"
}

// progressText is the stage and how much of it is done; the total may not be known yet.
func progressText(progress *v1alpha1.Progress) string {
	switch {
	case progress.Total > 0:
		return fmt.Sprintf("%s, %d of %d", plain(progress.Stage), progress.Done, progress.Total)
	case progress.Done == 0:
		return plain(progress.Stage)
	}
	return fmt.Sprintf("%s, %d so far", plain(progress.Stage), progress.Done)
}

func writeCounts(b *strings.Builder, title string, counts *v1alpha1.SubjectCounts) {
	if counts != nil {
		fmt.Fprintf(b, "  %-14s %s, updates %s\n", title+":", counts.Summary, counts.UpdatesSummary)
	}
}
