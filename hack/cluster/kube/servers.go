//go:build !envtest

package main

import (
	"context"

	"github.com/spf13/cobra"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func init() {
	servers["kube-controller-manager"] = controllermanager.NewControllerManagerCommand
	servers["kube-proxy"] = proxy.NewProxyCommand
	servers["kube-scheduler"] = func() *cobra.Command { return scheduler.NewSchedulerCommand() }
	servers["kubelet"] = func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }
}
