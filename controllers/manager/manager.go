// Package manager puts the controllers into one process: what its cache holds,
// its leader, its probes and its metrics. It decides nothing about tasks or runs.
package manager

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"synccenter.dev/synccenter/controllers/inspection"
	"synccenter.dev/synccenter/controllers/metrics"
	"synccenter.dev/synccenter/controllers/past"
	"synccenter.dev/synccenter/controllers/retention"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/controllers/syncapproval"
	"synccenter.dev/synccenter/controllers/syncrun"
	"synccenter.dev/synccenter/controllers/synctask"
	"synccenter.dev/synccenter/internal/artifact"
)

// Options are the manager's flags.
type Options struct {
	// Image of the Jobs.
	Image string
	// Resources of the Jobs of tasks that name none.
	Resources corev1.ResourceRequirements
	// Budget that runners must keep.
	Budget artifact.Budget
	// WatchNamespaces limits the manager to these; empty is all.
	WatchNamespaces []string
	// MaxConcurrentRuns is how many runs are executed at once; 0 is any number.
	MaxConcurrentRuns int
	// MaxConcurrentChecks is how many checks go on at once, beside those that people ask for; 0 is none by itself.
	MaxConcurrentChecks int
	// SweepAfter is when the manager first looks through what is stored; 0 is the default.
	SweepAfter     time.Duration
	MetricsAddress string
	ProbeAddress   string
	// PprofAddress is where profiles of the manager can be read; empty is nowhere.
	PprofAddress string
	LeaderElect  bool
}

// Run starts the controllers and returns when the context ends.
func Run(ctx context.Context, config *rest.Config, options Options) error {
	if options.Image == "" {
		return fmt.Errorf("--image is not set: name the image that Jobs start, usually the manager's own")
	}
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme,
		Cache:  cacheOptions(options.WatchNamespaces),
		Metrics: metricsserver.Options{
			BindAddress:    options.MetricsAddress,
			SecureServing:  true,
			FilterProvider: filters.WithAuthenticationAndAuthorization,
		},
		HealthProbeBindAddress:        options.ProbeAddress,
		PprofBindAddress:              options.PprofAddress,
		LeaderElection:                options.LeaderElect,
		LeaderElectionID:              "synccenter-manager",
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return fmt.Errorf("setting up the manager: %w", err)
	}
	if err := checkRights(ctx, mgr.GetAPIReader(), options.WatchNamespaces); err != nil {
		return err
	}
	ended := past.New()
	if err := addControllers(ctx, mgr, ended, options); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("cache", cacheSynced(mgr, ended)); err != nil {
		return fmt.Errorf("adding the readiness check: %w", err)
	}
	return mgr.Start(ctx)
}

// addControllers gives each controller what it needs.
func addControllers(ctx context.Context, mgr ctrl.Manager, ended *past.Runs, options Options) error {
	recorder, err := metrics.New(ctrlmetrics.Registry)
	if err != nil {
		return fmt.Errorf("registering the metrics: %w", err)
	}
	direct, err := client.New(mgr.GetConfig(), client.Options{Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(), HTTPClient: mgr.GetHTTPClient()})
	if err != nil {
		return fmt.Errorf("setting up the client past the cache: %w", err)
	}
	watching, err := client.NewWithWatch(mgr.GetConfig(), client.Options{Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(), HTTPClient: mgr.GetHTTPClient()})
	if err != nil {
		return fmt.Errorf("setting up the client for runs that have ended: %w", err)
	}
	if err := mgr.Add(ended.Watch(watching, options.WatchNamespaces)); err != nil {
		return fmt.Errorf("adding the watch on runs that have ended: %w", err)
	}
	// Whoever lists runs through this one sees all of them.
	whole := ended.Client(mgr.GetClient(), mgr.GetAPIReader())
	runs := &syncrun.Reconciler{
		Client: whole, Live: mgr.GetAPIReader(), Direct: direct, Going: mgr.GetCache(), Ended: ended,
		Events: mgr.GetEventRecorder("synccenter"), Clock: clock.RealClock{}, Metrics: recorder,
		Jobs:              runnerjob.Options{Image: options.Image, Resources: options.Resources, Budget: options.Budget},
		MaxConcurrentRuns: options.MaxConcurrentRuns,
	}
	if err := runs.SetupWithManager(ctx, mgr, ended.Known()); err != nil {
		return err
	}
	tasks := &synctask.Reconciler{
		Client: whole, Live: mgr.GetAPIReader(), Direct: direct, Cache: mgr.GetCache(),
		Events: mgr.GetEventRecorder("synccenter"), Clock: clock.RealClock{}, Metrics: recorder,
	}
	if err := tasks.SetupWithManager(ctx, mgr, ended.Tasks()); err != nil {
		return err
	}
	history := &retention.Reconciler{
		Client: whole, Live: mgr.GetAPIReader(), Direct: direct,
		Events: mgr.GetEventRecorder("synccenter"), Clock: clock.RealClock{}, Budget: options.Budget,
	}
	if err := history.SetupWithManager(mgr, ended.Tasks()); err != nil {
		return err
	}
	sweeper := &retention.Sweeper{
		Reconciler: history, Going: mgr.GetCache(), Ended: ended, Namespaces: options.WatchNamespaces, First: options.SweepAfter,
	}
	if err := mgr.Add(sweeper); err != nil {
		return fmt.Errorf("adding the look through what is stored: %w", err)
	}
	inspections := &inspection.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Direct: direct,
		Events: mgr.GetEventRecorder("synccenter"), Clock: clock.RealClock{},
		Jobs: runs.Jobs, MaxConcurrentChecks: options.MaxConcurrentChecks,
	}
	if err := inspections.SetupWithManager(mgr); err != nil {
		return err
	}
	approvals := &syncapproval.Reconciler{Client: mgr.GetClient(), Clock: clock.RealClock{}}
	return approvals.SetupWithManager(mgr)
}
