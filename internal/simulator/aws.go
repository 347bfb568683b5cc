package simulator

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb/elbapi"
	"github.com/greenlight-deploy/greenlight/internal/simulator/endpoint"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
	"github.com/greenlight-deploy/greenlight/internal/simulator/sts"
)

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// serveEndpoint opens the one port on which all simulated services answer.
func (s *Simulator) serveEndpoint(ctx context.Context) error {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback(s.config.EndpointPort))
	if err != nil {
		return fmt.Errorf("opening the AWS endpoint: %w", err)
	}
	s.address = "http://" + socket.Addr().String()
	s.services = endpoint.New(s.serviceList()...)
	s.services.Credentials = s.functions.Credentials
	s.disturbances = newFaults(s)
	s.services.Before = s.disturbances.before
	if s.config.Page != nil {
		s.services.Page = s.config.Page(s)
	}
	if s.config.Control != nil {
		s.services.Control = s.config.Control(s)
	}
	s.endpoint = &http.Server{
		Handler: s.services, ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0), // broken connections are part of the scenario
	}
	s.serving.Go(func() { _ = s.endpoint.Serve(socket) })
	return nil
}

func (s *Simulator) serviceList() []endpoint.Service {
	return []endpoint.Service{
		{Name: "codedeploy", Protocol: endpoint.JSON11, Target: codedeploy.Target, Handler: s.deploys.Endpoint()},
		{Name: "ecs", Protocol: endpoint.JSON11, Target: ecs.Target, Handler: s.scheduler.Endpoint()},
		{
			Name: "elasticloadbalancing", Protocol: endpoint.Query, Version: elbapi.Version,
			Handler: elbapi.New(elbapi.Config{Balancer: s.balancer, Now: s.config.Clock.Now}),
		},
		{
			Name: "lambda", Protocol: endpoint.RESTJSON, Path: lambda.EndpointPath, Operation: lambda.Operation(), Handler: s.functions.Endpoint(),
		},
		{Name: "sts", Protocol: endpoint.Query, Version: sts.Version, Handler: sts.Endpoint(s.config.AccountID)},
	}
}

// alias finds an alias for deployments of functions.
func (s *Simulator) alias(function, name string) (codedeploy.Alias, error) {
	alias, err := s.functions.Alias(function, name)
	if err != nil {
		return nil, err
	}
	return alias, nil
}
