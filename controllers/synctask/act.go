package synctask

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	rbacv1apply "k8s.io/client-go/applyconfigurations/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/runnerjob"
)

const (
	// fieldManager owns what we apply.
	fieldManager = "synccenter"
	// runnerRole is the ClusterRole of every runner, which the manager may bind and nothing else.
	runnerRole = "synccenter-runner"
)

// act makes the one change of a step. Making it again is making it once.
func (r *Reconciler) act(ctx context.Context, o *observed, s step) error {
	switch s.action {
	case doNothing:
		return nil
	case protect:
		return r.changeFinalizer(ctx, o.task, controllerutil.AddFinalizer)
	case makeAccount:
		return r.makeAccount(ctx, o.task.Namespace)
	case release:
		return r.changeFinalizer(ctx, o.task, controllerutil.RemoveFinalizer)
	case forget:
		return r.forget(ctx, o)
	case createRun:
		return r.createRun(ctx, o.task, s.timing.start)
	}
	return fmt.Errorf("step %d of SyncTask %s/%s is not known", s.action, o.task.Namespace, o.task.Name)
}

// changeFinalizer adds or removes our finalizer.
func (r *Reconciler) changeFinalizer(ctx context.Context, task *v1alpha1.SyncTask, change func(client.Object, string) bool) error {
	before := task.DeepCopy()
	if !change(task, v1alpha1.Finalizer) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, task, patch); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("changing the finalizers of SyncTask %s/%s: %w", task.Namespace, task.Name, err)
	}
	return nil
}

// accountPatience is how long an account that is there is not looked for again:
// the tasks of a namespace share it.
const accountPatience = time.Minute

// accountMissing says whether the account of the runners or its binding is
// absent or was changed. Only then is it applied: most reconciles write nothing.
func (r *Reconciler) accountMissing(ctx context.Context, namespace string) (bool, error) {
	if seen, ok := r.accounts.Load(namespace); ok && r.Clock.Since(seen.(time.Time)) < accountPatience {
		return false, nil
	}
	missing, err := r.lookForAccount(ctx, namespace)
	if err == nil && !missing {
		r.accounts.Store(namespace, r.Clock.Now())
	}
	return missing, err
}

func (r *Reconciler) lookForAccount(ctx context.Context, namespace string) (bool, error) {
	key := types.NamespacedName{Namespace: namespace, Name: runnerjob.ServiceAccount}
	var account corev1.ServiceAccount
	if err := r.Live.Get(ctx, key, &account); apierrors.IsNotFound(err) {
		return true, nil
	} else if err != nil {
		return false, fmt.Errorf("reading ServiceAccount %s: %w", key, err)
	}
	var binding rbacv1.RoleBinding
	if err := r.Live.Get(ctx, key, &binding); apierrors.IsNotFound(err) {
		return true, nil
	} else if err != nil {
		return false, fmt.Errorf("reading RoleBinding %s: %w", key, err)
	}
	for _, subject := range binding.Subjects {
		if subject.Kind == rbacv1.ServiceAccountKind && subject.Name == key.Name && subject.Namespace == namespace {
			return false, nil
		}
	}
	return true, nil
}

// makeAccount applies the account of the runners and binds it to the one role
// of runners. Both are shared by the tasks of a namespace, so no task owns them.
func (r *Reconciler) makeAccount(ctx context.Context, namespace string) error {
	account := corev1apply.ServiceAccount(runnerjob.ServiceAccount, namespace)
	err := r.Client.Apply(ctx, account, client.FieldOwner(fieldManager), client.ForceOwnership)
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil // the task goes with its namespace and needs no account any more
	}
	if err != nil {
		return fmt.Errorf("applying ServiceAccount %s/%s: %w", namespace, runnerjob.ServiceAccount, err)
	}
	binding := rbacv1apply.RoleBinding(runnerjob.ServiceAccount, namespace).
		WithSubjects(rbacv1apply.Subject().WithKind(rbacv1.ServiceAccountKind).WithName(runnerjob.ServiceAccount).WithNamespace(namespace)).
		WithRoleRef(rbacv1apply.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("ClusterRole").WithName(runnerRole))
	if err := r.Client.Apply(ctx, binding, client.FieldOwner(fieldManager), client.ForceOwnership); err != nil {
		return fmt.Errorf("applying RoleBinding %s/%s: %w", namespace, runnerjob.ServiceAccount, err)
	}
	return nil
}
