module synccenter.dev/synccenter/hack/cluster

go 1.26.0
