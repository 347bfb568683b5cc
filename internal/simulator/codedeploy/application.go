package codedeploy

import (
	"slices"
	"time"
)

// application has deployment groups and revisions. It is guarded by the service's lock.
type application struct {
	name      string
	platform  Platform
	created   time.Time
	revisions []revision // those registered or deployed last are last
}

// CreateApplication adds an application. Its errors are [*APIError]s:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateApplication.html.
func (s *Service) CreateApplication(name string, platform Platform) error {
	switch {
	case name == "":
		return refuse(ApplicationNameRequired, "An application name must be specified.")
	case len(name) > maxName:
		return refuse(InvalidApplicationName, "The application name is longer than %d characters.", maxName)
	case platform != PlatformECS && platform != PlatformLambda:
		return refuse(InvalidComputePlatform, "The compute platform is %q: the simulated CodeDeploy takes %s and %s.", platform, PlatformECS, PlatformLambda)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.findApplication(name); err == nil {
		return refuse(ApplicationAlreadyExists, "Application already exists: %s", name)
	}
	s.applications = append(s.applications, &application{name: name, platform: platform, created: s.config.Clock.Now()})
	return nil
}

// findApplication looks an application up; the caller holds the lock.
func (s *Service) findApplication(name string) (*application, error) {
	for _, a := range s.applications {
		if a.name == name && name != "" {
			return a, nil
		}
	}
	if name == "" {
		return nil, refuse(ApplicationNameRequired, "An application name must be specified.")
	}
	return nil, refuse(ApplicationDoesNotExist, "No application found for name: %s", name)
}

// deleteApplication removes an application with its groups. One that doesn't exist is no error.
func (s *Service) deleteApplication(in applicationName) (struct{}, error) {
	if in.Name == "" {
		return struct{}{}, refuse(ApplicationNameRequired, "An application name must be specified.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applications = slices.DeleteFunc(s.applications, func(a *application) bool { return a.name == in.Name })
	s.deleteGroups(func(g *group) bool { return g.Application == in.Name })
	return struct{}{}, nil
}

// deleteGroups removes groups. What is deployed to them goes on, and what is queued will fail; the
// caller holds the lock.
func (s *Service) deleteGroups(which func(*group) bool) {
	s.groups = slices.DeleteFunc(s.groups, func(g *group) bool {
		g.deleted = g.deleted || which(g)
		return g.deleted
	})
}

type applicationName struct {
	Name string `json:"applicationName"`
}

type createApplicationInput struct {
	Name     string   `json:"applicationName"`
	Platform Platform `json:"computePlatform"`
}

type createApplicationOutput struct {
	ID string `json:"applicationId"`
}

func (s *Service) createApplication(in createApplicationInput) (createApplicationOutput, error) {
	return createApplicationOutput{madeID("application", in.Name)}, s.CreateApplication(in.Name, in.Platform)
}

type wireApplication struct {
	ID             string   `json:"applicationId"`
	Name           string   `json:"applicationName"`
	Platform       Platform `json:"computePlatform"`
	CreateTime     float64  `json:"createTime"`
	LinkedToGitHub bool     `json:"linkedToGitHub"`
}

type getApplicationOutput struct {
	Application wireApplication `json:"application"`
}

func (s *Service) getApplication(in applicationName) (getApplicationOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.findApplication(in.Name)
	if err != nil {
		return getApplicationOutput{}, err
	}
	return getApplicationOutput{wireApplication{
		ID: madeID("application", a.name), Name: a.name, Platform: a.platform, CreateTime: seconds(a.created),
	}}, nil
}

type listApplicationsOutput struct {
	Applications []string `json:"applications"`
	nextToken
}

func (s *Service) listApplications(in nextToken) (listApplicationsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, a := range s.applications {
		names = append(names, a.name)
	}
	var out listApplicationsOutput
	var err error
	out.Applications, out.NextToken, err = page(names, in.NextToken)
	return out, err
}
