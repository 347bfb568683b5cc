package codedeploy

import (
	"slices"
	"time"
)

// application has deployment groups and revisions. It is guarded by the service's lock.
type application struct {
	id        string
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
	s.addApplication(name, platform)
	return nil
}

// addApplication adds an application; the caller holds the lock.
func (s *Service) addApplication(name string, platform Platform) *application {
	a := &application{id: madeID("application", name), name: name, platform: platform, created: s.config.Clock.Now()}
	s.applications = append(s.applications, a)
	return a
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
	delete(s.tags, s.applicationARN(in.Name))
	s.deleteGroups(func(g *group) bool { return g.Application == in.Name })
	return struct{}{}, nil
}

// deleteGroups removes groups. What is deployed to them goes on, and what is queued will fail; the
// caller holds the lock.
func (s *Service) deleteGroups(which func(*group) bool) {
	s.groups = slices.DeleteFunc(s.groups, func(g *group) bool {
		if which(g) {
			g.deleted = true
			delete(s.tags, s.groupARN(g.Application, g.Name))
		}
		return g.deleted
	})
}

type applicationName struct {
	Name string `json:"applicationName"`
}

type createApplicationInput struct {
	Name     string    `json:"applicationName"`
	Platform Platform  `json:"computePlatform"`
	Tags     []wireTag `json:"tags"`
}

type createApplicationOutput struct {
	ID string `json:"applicationId"`
}

func (s *Service) createApplication(in createApplicationInput) (createApplicationOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return createApplicationOutput{}, err
	}
	if err := s.CreateApplication(in.Name, in.Platform); err != nil {
		return createApplicationOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tags[s.applicationARN(in.Name)] = in.Tags
	return createApplicationOutput{madeID("application", in.Name)}, nil
}

type updateApplicationInput struct {
	Name string `json:"applicationName"`
	New  string `json:"newApplicationName"`
}

// updateApplication gives an application another name, by which its groups and deployments then go too:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_UpdateApplication.html.
func (s *Service) updateApplication(in updateApplicationInput) (struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.findApplication(in.Name)
	if err != nil || in.New == "" || in.New == in.Name {
		return struct{}{}, err
	}
	if len(in.New) > maxName {
		return struct{}{}, refuse(InvalidApplicationName, "The application name is longer than %d characters.", maxName)
	}
	if _, err := s.findApplication(in.New); err == nil {
		return struct{}{}, refuse(ApplicationAlreadyExists, "Application already exists: %s", in.New)
	}
	a.name = in.New
	s.moveTags(s.applicationARN(in.Name), s.applicationARN(in.New))
	for _, g := range s.groups {
		if g.Application == in.Name {
			g.Application = in.New
			s.moveTags(s.groupARN(in.Name, g.Name), s.groupARN(in.New, g.Name))
		}
	}
	for _, d := range s.order {
		if d.state.Application == in.Name {
			d.state.Application = in.New
		}
	}
	return struct{}{}, nil
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
	return getApplicationOutput{a.wire()}, nil
}

func (a *application) wire() wireApplication {
	return wireApplication{ID: a.id, Name: a.name, Platform: a.platform, CreateTime: seconds(a.created)}
}

type batchApplicationsInput struct {
	Names []string `json:"applicationNames"`
}

type batchApplicationsOutput struct {
	Infos []wireApplication `json:"applicationsInfo"`
}

// batchGetApplications is https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetApplications.html.
func (s *Service) batchGetApplications(in batchApplicationsInput) (batchApplicationsOutput, error) {
	out := batchApplicationsOutput{[]wireApplication{}}
	switch {
	case len(in.Names) == 0:
		return out, refuse(ApplicationNameRequired, "At least one application name must be specified.")
	case len(in.Names) > maxNames:
		return out, refuse(BatchLimitExceeded, "%d applications were asked for; the limit is %d.", len(in.Names), maxNames)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range in.Names {
		a, err := s.findApplication(name)
		if err != nil {
			return out, err
		}
		out.Infos = append(out.Infos, a.wire())
	}
	return out, nil
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
