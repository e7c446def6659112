package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
)

const (
	overrideRemovals = "override-removals"
	overrideReason   = "reason"
	// keptForOverride is why retention leaves a run alone.
	keptForOverride = "guard-override"
	// maxRemovals is the most that the API takes.
	maxRemovals = 10_000_000
)

// overrideFlags let one run pass limits of its task's guard. Each limit has a flag of its own, so that nothing is let pass that was not named.
type overrideFlags struct {
	// removals is how many removals may pass at most; 0 where the task's limits hold.
	removals int32
	// shares are the other limits.
	shares []*shareOverride
	reason string
	flags  *pflag.FlagSet
}

// shareOverride lets one run pass a limit that is a share of all.
type shareOverride struct {
	name, help string
	// allows says what may happen up to the share.
	allows string
	of     func(*v1alpha1.Guard) *v1alpha1.ShareLimit
	set    func(*v1alpha1.GuardOverride, *v1alpha1.ShareLimit)
	// percent is 0 where the task's limit holds.
	percent int32
}

func newShareOverrides() []*shareOverride {
	return []*shareOverride{
		{
			name: "shrink", help: "percent by which the source may have shrunk, also because it is read from a server that is behind",
			allows: "the source may have lost %d%% of its people or departments since the last complete read, and a server that is behind is read",
			of:     func(g *v1alpha1.Guard) *v1alpha1.ShareLimit { return g.Shrink },
			set:    func(o *v1alpha1.GuardOverride, l *v1alpha1.ShareLimit) { o.Shrink = l },
		},
		{
			name: "cleared", help: "percent of the people for whom a field may be emptied",
			allows: "each field may be emptied for %d%% of the people",
			of:     func(g *v1alpha1.Guard) *v1alpha1.ShareLimit { return g.Cleared },
			set:    func(o *v1alpha1.GuardOverride, l *v1alpha1.ShareLimit) { o.Cleared = l },
		},
		{
			name: "changed", help: "percent of the people who may be updated",
			allows: "%d%% of the people may be updated",
			of:     func(g *v1alpha1.Guard) *v1alpha1.ShareLimit { return g.Changed },
			set:    func(o *v1alpha1.GuardOverride, l *v1alpha1.ShareLimit) { o.Changed = l },
		},
	}
}

func (f *overrideFlags) addTo(flags *pflag.FlagSet) {
	f.flags, f.shares = flags, newShareOverrides()
	flags.Int32Var(&f.removals, overrideRemovals, 0,
		"Number of removals that may pass at most, those of the guard's window included. It also decides about all removals that are held.")
	for _, share := range f.shares {
		flags.Int32Var(&share.percent, share.flag(), 0, "Limit for this run alone: "+share.help+".")
	}
	flags.StringVar(&f.reason, overrideReason, "", "Why limits of the guard do not hold this time. The run stays in the history with it, by the annotation "+v1alpha1.AnnotationKeep+".")
}

func (s *shareOverride) flag() string { return "override-" + s.name }

// validate refuses limits that are none, and an override without a reason.
func (f *overrideFlags) validate() error {
	if f.flags.Changed(overrideRemovals) && (f.removals < 1 || f.removals > maxRemovals) {
		return fmt.Errorf("--%s %d is no number of removals: use one from 1 to %d", overrideRemovals, f.removals, maxRemovals)
	}
	for _, share := range f.shares {
		if f.flags.Changed(share.flag()) && (share.percent < 1 || share.percent > 100) {
			return fmt.Errorf("--%s %d is no share: use a percentage from 1 to 100", share.flag(), share.percent)
		}
	}
	switch {
	case f.any() && f.reason == "":
		return errors.New(`an override stays in the history with its reason: add for example --reason "reorganisation 2026"`)
	case !f.any() && f.reason != "":
		return fmt.Errorf("--%s is for overrides of the guard, and none is named: the run that was stopped or whose removals were held says which, for example --%s 40", overrideReason, overrideRemovals)
	}
	return nil
}

// any reports that a limit is overridden.
func (f *overrideFlags) any() bool {
	for _, share := range f.shares {
		if share.percent > 0 {
			return true
		}
	}
	return f.removals > 0
}

// spec is the override of a run; nil for none. With it exactly so many removals may pass: what the task lets pass by its other numbers is not added.
func (f *overrideFlags) spec() *v1alpha1.GuardOverride {
	if !f.any() {
		return nil
	}
	override := &v1alpha1.GuardOverride{Reason: f.reason}
	if f.removals > 0 {
		override.Removals = &v1alpha1.RemovalLimitsOverride{Floor: ptr.To(f.removals), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
	}
	for _, share := range f.shares {
		if share.percent > 0 {
			share.set(override, &v1alpha1.ShareLimit{Percent: share.percent})
		}
	}
	return override
}

// tell says what the run may do that others of the task may not. It fails where that is nothing.
func (f *overrideFlags) tell(out io.Writer, task *v1alpha1.SyncTask) error {
	if !f.any() {
		return nil
	}
	p := &page{}
	p.line("This run alone may pass limits of the guard of task %s, with the reason %q:", task.Name, f.reason)
	if f.removals > 0 {
		f.tellRemovals(p, task)
	}
	for _, share := range f.shares {
		limit := share.of(&task.Spec.Guard)
		if share.percent == 0 || limit == nil {
			continue
		}
		if share.percent <= limit.Percent {
			return fmt.Errorf("--%s %d lets nothing pass that the task does not: its spec.guard.%s is %d%%", share.flag(), share.percent, share.name, limit.Percent)
		}
		p.line("  %s: "+share.allows+"; the task says %d%%.", share.name, share.percent, limit.Percent)
	}
	_, err := io.WriteString(out, p.text.String())
	return err
}

func (f *overrideFlags) tellRemovals(p *page, task *v1alpha1.SyncTask) {
	window := duration.HumanDuration(task.Spec.Guard.Removals.Window.Duration)
	p.line("  removals: at most %d people and departments are removed (disabled, deleted, or out of the last department), those of the last %s counted.",
		f.removals, window)
	p.line("    With one more all are held, and nobody is removed. One department may lose more than half of its people.")
	if held := task.Status.PendingDeletions; held != nil && held.Count > 0 {
		p.line("    The removals that wait now (%d) are looked at again: whoever is back stays, the others are removed.", held.Count)
		if held.Count > int64(f.removals) {
			p.line("    Note: that is more than %d, and what was removed within the last %s counts as well, so all will be held again unless some are back.", f.removals, window)
		} else {
			p.line("    Note: what was removed within the last %s counts as well. If that makes more than %d with them, all will be held again.", window, f.removals)
		}
	}
}
