package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// objectOutput is the -o flag of commands that list objects: kubectl's own formats, or a table.
type objectOutput struct {
	flags *genericclioptions.PrintFlags
	// printer is nil for a table.
	printer printers.ResourcePrinter
	// wide asks for a table with further columns.
	wide bool
}

// wideFormat is kubectl's word for a table with further columns.
const wideFormat = "wide"

func newObjectOutput(command *cobra.Command) *objectOutput {
	out := &objectOutput{flags: genericclioptions.NewPrintFlags("")}
	out.flags.AddFlags(command)
	if flag := command.Flags().Lookup("output"); flag != nil {
		flag.Usage += ` "wide" adds columns to the table.`
	}
	return out
}

func (f *objectOutput) complete() error {
	if *f.flags.OutputFormat == "" && !f.flags.OutputFlagSpecified() {
		return nil
	}
	if *f.flags.OutputFormat == wideFormat {
		f.wide = true
		return nil
	}
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	f.printer, err = f.flags.WithTypeSetter(scheme).ToPrinter()
	if genericclioptions.IsNoCompatiblePrinterError(err) {
		return fmt.Errorf("--output %q is not known: use one of %s, %s", *f.flags.OutputFormat, wideFormat, strings.Join(f.flags.AllowedFormats(), ", "))
	}
	return err
}

// print prints a list as one document, however many objects it has; "-o name" alone is a line for each.
func (f *objectOutput) print(out io.Writer, list runtime.Object, kind string) error {
	byName := *f.flags.OutputFormat == "name"
	err := meta.EachListItem(list, func(item runtime.Object) error {
		item.GetObjectKind().SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
		if byName {
			return f.printer.PrintObj(item, out)
		}
		return nil
	})
	if err != nil || byName {
		return err
	}
	return f.printer.PrintObj(list, out)
}

// printOne prints an object of a list as a document of its own.
func (f *objectOutput) printOne(out io.Writer, object runtime.Object, kind string) error {
	object.GetObjectKind().SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	return f.printer.PrintObj(object, out)
}

// age is how long ago something was, as kubectl shows it.
func (o *Options) age(t *metav1.Time) string {
	if t.IsZero() {
		return ""
	}
	return duration.HumanDuration(o.Now().Sub(t.Time))
}

// in is how long it takes until something is due.
func (o *Options) in(t *metav1.Time) string {
	switch left := t.Sub(o.Now()); {
	case t.IsZero():
		return ""
	case left <= 0:
		return "now"
	default:
		return duration.HumanDuration(left)
	}
}

// moment is a time in the person's zone.
func (o *Options) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(o.TimeZone).Format(time.DateTime)
}

// syncTime is the end of applying of a run, or of a run that applied nothing, or no time.
func syncTime(run *v1alpha1.SyncRun) time.Time {
	if run.Status.CompletionTime == nil {
		return time.Time{}
	}
	return run.Status.CompletionTime.Time
}

func isComplete(run *v1alpha1.SyncRun) bool {
	return meta.IsStatusConditionTrue(run.Status.Conditions, v1alpha1.ConditionComplete)
}

// summaries are the two columns of people or departments.
func summaries(counts *v1alpha1.SubjectCounts) (status, updates string) {
	if counts == nil {
		return "", ""
	}
	return counts.Summary, counts.UpdatesSummary
}

// shownPhase is the phase of a run, also before the manager has seen it.
func shownPhase(run *v1alpha1.SyncRun) v1alpha1.Phase {
	if run.Status.Phase == "" {
		return v1alpha1.PhasePending
	}
	return run.Status.Phase
}
