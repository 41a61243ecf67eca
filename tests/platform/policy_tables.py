"""Who may do what, RPC by RPC, written by hand: the policies and the running servers are held against it."""

from __future__ import annotations

from collections.abc import Iterable

from docs.policies import CASE_STANDPOINTS, DISPATCH_STANDPOINTS, POST_STANDPOINTS, STANDPOINTS, Answer

# y may; o may not do it to this one, but to some of their own; a dot never may. In the order of STANDPOINTS:
# HR home, partner, third; institution; enterprise, another; supervisor, auditor
TABLE = """
    CreateOrder           y y o  .  y o  . .
    GetOrder              y y o  y  y o  y y
    ListOrders            y y o  y  y o  y y
    UpdateOrder           y y o  .  y o  . .
    SubmitOrder           y y o  .  y o  . .
    ReturnOrder           y o o  .  . .  . .
    VerifyOrder           y o o  .  . .  . .
    MatchOrder            y y o  .  . .  . .
    CloseOrder            y o o  .  . .  . .
    CancelOrder           y o o  .  . .  . .
    ChangeOrderHeadcount  y o o  .  . .  . .
    GetOrderLedger        y y o  y  y o  y y

    CreateAgreement       y y o  .  y o  . .
    GetAgreement          y y o  y  y o  y y
    ListAgreements        y y o  y  y o  y y
    UpdateAgreement       y y o  .  y o  . .
    SignAgreement         y y o  y  y o  . .
    TerminateAgreement    y y o  .  . .  . .
    ExplainCoverage       y y o  y  y o  y y

    RegisterInstitution   y o o  .  . .  . .
    GetInstitution        y y y  y  y y  y y
    ListInstitutions      y y y  y  y y  y y
    UpdateInstitution     y o o  .  . .  . .
    SuspendInstitution    y o o  .  . .  . .
    ReinstateInstitution  y o o  .  . .  . .
    AddTeacher            y o o  y  . .  . .
    ListTeachers          y y y  y  y y  y y

    CreateClass           y y o  y  . .  . .
    GetClass              y y o  y  y o  y y
    ListClasses           y y o  y  y o  y y
    UpdateClass           y y o  y  . .  . .
    CheckFiling           y y o  y  y o  y y
    FileClass             y y o  y  . .  . .
    ReviewClass           y y o  .  . .  . .
    ReturnClass           y y o  .  . .  . .
    ApproveClass          y o o  .  . .  . .
    OpenClass             y y o  .  . .  . .
    ChangeClassCapacity   y y o  .  . .  . .
    MoveClass             y y o  .  . .  . .
    SplitClass            y y o  .  . .  . .
    MergeClass            y y o  .  . .  . .
    CancelClass           y o o  .  . .  . .
    CloseClass            y y o  .  . .  . .

    Enrol                 y y o  .  . .  . .
    EnrolParty            y y o  .  . .  . .
    CheckEnrolment        y y o  .  . .  . .
    GetEnrolment          y y o  y  y o  y y
    ListEnrolments        y y o  y  y o  y y
    WithdrawEnrolment     y y o  .  . .  . .
    TransferEnrolment     y y o  .  . .  . .
    SubstituteTrainee     y y o  .  . .  . .
    AnswerSubstitution    y y o  .  . .  . .
    ListSubstitutions     y y o  y  y o  y y
    CorrectIdentity       y y o  .  . .  . .
    SearchEnrolments      y y o  y  y o  y y
    ConfirmHire           y y o  .  . .  . .
    ExplainEnrolment      y y o  y  y o  y y
    RevealEnrolment       y y o  .  . .  . .
    ImportRoster          y y o  .  . .  . .

    ListWaitlist          y y o  y  y o  y y
    ExplainPlace          y y o  y  y o  y y
    MoveOnWaitlist        y y o  .  . .  . .
    AcceptOffer           y y o  y  . .  . .
    DeclineOffer          y y o  y  . .  . .

    SetQuota              y o o  .  . .  . .
    GetQuota              y o o  y  . .  y y
    ListQuotas            y o o  y  . .  y y
    ExplainSeats          y y o  y  . .  y y

    ImportRegister        y o o  .  . .  . .
    ListRegisters         y o o  .  . .  y y
    ListAuditEntries      . . .  .  . .  . y
    Events.WatchEvents    y y o  y  y o  y y

    AddWorkdays           y y y  y  y y  y y
    CountWorkdays         y y y  y  y y  y y
    ListDays              y y y  y  y y  y y
    CheckResidentId       y y y  y  y y  y y
    CheckCreditCode       y y y  y  y y  y y
    SearchOccupations     y y y  y  y y  y y
    ListUnits             y y y  y  y y  y y
"""
# caseworker who holds the case, let in, third; bureau of the step, another; supervisor, auditor; editor; no token
CASES = """
    CreateCatalogue       . . .  . .  . .  y  .
    GetCatalogue          y y y  y y  y y  y  .
    ListCatalogues        y y y  y y  y y  y  .
    LintCatalogue         y y y  y y  y y  y  .
    DiffCatalogues        y y y  y y  y y  y  .
    SimulateCatalogue     y y y  y y  y y  y  .
    PublishCatalogue      . . .  . .  . .  y  .

    OpenCase              y y o  . .  . .  .  .
    GetCase               y y o  y o  y y  .  .
    ListCases             y y o  y o  y y  .  .
    UpdateCase            y o o  . .  . .  .  .
    AddMatter             y o o  . .  . .  .  .
    WithdrawMatter        y o o  . .  . .  .  .
    CloseMatter           y o o  . .  . .  .  .
    CloseCase             y o o  . .  . .  .  .
    ReopenCase            y o o  . .  . .  .  .
    RelateCase            y o o  . .  . .  .  .
    MergeCase             y o o  . .  . .  .  .
    AssignCase            y o o  . .  . .  .  .
    QueryProgress         y y y  y y  y y  y  y

    ReceiveStep           y o o  y o  . .  .  .
    NotifyGaps            y o o  y o  . .  .  .
    SupplyStep            y o o  y o  . .  .  .
    AcceptStep            y o o  y o  . .  .  .
    StartStep             y o o  y o  . .  .  .
    SuspendStep           y o o  y o  . .  .  .
    ResumeStep            y o o  y o  . .  .  .
    ExtendStep            y o o  . .  . .  .  .
    CorrectStep           y o o  . .  . .  .  .
    CompleteStep          y o o  y o  . .  .  .
    ReturnStep            y o o  y o  . .  .  .
    SkipStep              y o o  y o  . .  .  .
    AssignStep            y o o  y o  . .  .  .
    ExplainDeadline       y y o  y o  y y  .  .
    GetRelay              y y o  y o  y y  .  .

    OfferHandover         y y o  . .  . .  .  .
    AcceptHandover        y y o  . .  . .  .  .
    ReturnHandover        y y o  . .  . .  .  .
    RecallHandover        y y o  . .  . .  .  .
    GetHandover           y y o  . .  y y  .  .
    ListHandovers         y y o  . .  y y  .  .

    AddChild              y o o  . .  . .  .  .
    UpdateChild           y o o  . .  . .  .  .
    ListChildren          y y o  y o  y y  .  .
    RequestChildAccess    y y o  y o  . .  .  .
    ApproveChildAccess    . . .  . .  y .  .  .
    RefuseChildAccess     . . .  . .  y .  .  .
    ListChildAccesses     y y o  y o  y y  .  .
    ViewChild             y y o  y o  . .  .  .
    DeleteChild           . . .  . .  y .  .  .
    DeleteExpiredChildren . . .  . .  y .  .  .
    GetDeletionCertificate . . . . .  y y  .  .
    ListChildTrail        . . .  . .  y y  .  .

    UploadDocument        y o o  y o  . .  .  .
    DownloadDocument      y y o  y o  . .  .  .
    GetDocument           y y o  y o  y y  .  .
    ListDocuments         y y o  y o  y y  .  .
    CheckDocuments        y y o  y o  y y  .  .
    AcceptDocument        y o o  y o  . .  .  .
    RejectDocument        y o o  y o  . .  .  .
    PromiseDocument       y o o  y o  . .  .  .
    WaiveDocument         y o o  y o  . .  .  .

    ListToday             y y y  y y  . .  .  .
    GetTodayCounts        y y y  y y  . .  .  .
    SearchCases           y y o  y o  y y  .  .

    SetOfficer            y o o  y o  . .  .  .
    ListOfficers          y o o  y o  y .  .  .
    AddCover              y o o  y o  . .  .  .
    EndCover              y o o  y o  . .  .  .
    ListCovers            y o o  y o  y .  .  .
    Desks.ExplainAssignment     y o o  y o  y y  .  .
    BalanceStep           y o o  y o  . .  .  .

    SubmitBulk            y y y  y y  . .  .  .
    Jobs.GetJob           y o o  o o  . .  .  .
    Jobs.ListJobs         y o o  o o  . .  .  .
    Jobs.ListJobItems     y o o  o o  . .  .  .
    Jobs.CancelJob        y o o  o o  . .  .  .
    Jobs.WatchJob         y o o  o o  . .  .  .

    AddNote               y y o  . .  . .  .  .
    ListNotes             y y o  . .  . .  .  .
    GetRatingCode         y y o  . .  . .  .  .
    RateMatter            y y y  y y  y y  y  y
    RecordRating          y y o  . .  . .  .  .
    VisitRating           y y o  . .  . .  .  .
    ListRatings           y y o  . .  y .  .  .
    FileComplaint         y y o  . .  . .  .  .
    ExtendComplaint       y y o  . .  . .  .  .
    AnswerComplaint       y y o  . .  . .  .  .
    ListComplaints        y y o  . .  y .  .  .

    ListMovingDeadlines   y y o  . .  y y  .  .
    RecalculateDeadlines  . . .  . .  y .  .  .
    ListCaseTrail         . . .  . .  . y  .  .
    CaseEvents.WatchEvents y y o y o  y y  .  .

    ImportCaseLog         y y o  . .  . .  .  .
    GetBoard              y y o  y o  y y  .  .
    ListWatchedSteps      y y o  y o  y y  .  .
    ListReminders         y y o  y o  y y  .  .
    IssueSupervisionOrder . . .  . .  y .  .  .
    GetSupervisionOrder   y y o  y o  y y  .  .
    ListSupervisionOrders y y o  y o  y y  .  .
    AnswerSupervisionOrder y y o y o  . .  .  .
    ReturnSupervisionOrder . . . . .  y .  .  .
    SignOffSupervisionOrder . . . . . y .  .  .
    WithdrawSupervisionOrder . . . . . y . .  .
    GetThroughput         y y o  . .  y y  .  .
    GetHandOvers          y y o  . .  y y  .  .
    GetCustody            y y o  . .  y y  .  .
    GetLateness           y y o  . .  y y  .  .
    GetWorkInProgress     y y o  . .  y y  .  .
"""
# science officer of the home division, its city, the partner, a third; institution; enterprises; supervisor, auditor
DISPATCH = """
    ApplyCommissioner     y y o o  y  o o  . .
    ImportCommissioners   y y o o  y  o o  . .
    GetCommissioner       y y y o  y  o o  y y
    ListCommissioners     y y y o  y  o o  y y
    SearchCommissioners   y y y o  y  o o  y y
    UpdateCommissioner    y y o o  y  o o  . .
    SetAvailability       y y o o  y  o o  . .
    RecommendCommissioner . . . .  y  o o  . .
    VetCommissioner       y y o o  .  . .  . .
    EndorseCommissioner   . y . .  .  . .  . .
    FileCommissioner      . y . .  .  . .  . .
    RefuseCommissioner    y y o o  .  . .  . .
    WithdrawCommissioner  y y o o  y  o o  . .
    RenewCommissioner     . y . .  .  . .  . .
    RevealCommissioner    y y o o  .  . .  . .

    CreateRequest         y y y o  o  y o  . .
    GetRequest            y y y o  o  y o  y y
    ListRequests          y y y o  o  y o  y y
    UpdateRequest         y y y o  o  y o  . .
    SubmitRequest         y y y o  o  y o  . .
    ReturnRequest         y y o o  .  . .  . .
    AcceptRequest         y y o o  .  . .  . .
    CancelRequest         y y o o  o  y o  . .
    MarkUnserved          y y o o  .  . .  . .
    ExtendRequest         y y o o  .  . .  . .

    ListPlacementTrail    . . . .  .  . .  . y

    CreateServiceAgreement y y y o y  o o  . .
    GetServiceAgreement   y y y o  y  y o  y y
    ListServiceAgreements y y y o  y  y o  y y
    UpdateServiceAgreement y y y o y  o o  . .
    SignServiceAgreement  y y y o  y  y o  . .
    FileServiceAgreement  y y o o  .  . .  . .
    EndServiceAgreement   y y o o  .  . .  . .
    TerminateServiceAgreement y y o o . . . . .
    WithdrawServiceAgreement y y y o y o o . .
    DispatchEvents.WatchEvents y y y o y y o y y

    CreatePlan            y y y o  .  . .  . .
    GetPlan               y y y o  .  . .  y y
    ListPlans             y y y o  .  . .  y y
    UpdatePlan            y y y o  .  . .  . .
    PinVisit              y y y o  .  . .  . .
    UnpinVisit            y y y o  .  . .  . .
    ListPlanPins          y y y o  .  . .  y y
    BanPair               y y y o  .  . .  . .
    LiftBan               y y y o  .  . .  . .
    ListPlanBans          y y y o  .  . .  y y
    SolvePlan             y y y o  .  . .  . .
    ListPlanVisits        y y y o  .  . .  y y
    ListPlanUnserved      y y y o  .  . .  y y
    ExportPlan            y y y o  .  . .  y y
    ReviewPlan            y y y o  .  . .  . .
    ReturnPlan            y y y o  .  . .  . .
    PublishPlan           y y o o  .  . .  . .
    DiscardPlan           y y y o  .  . .  . .
    PlanReasons.ExplainAssignment y y y o . . . y y
    ExplainUnserved       y y y o  .  . .  y y
    GetPriceList          y y y o  .  . .  y y
    ComparePlans          y y y o  .  . .  y y
    CheckVisits           y y y o  .  . .  y y
    ReplanPlan            y y y o  .  . .  . .
    ImproveVisits         y y y o  .  . .  . .
    GetReplan             y y y o  .  . .  y y
    ListReplanPromises    y y y o  .  . .  y y
    PlacementJobs.GetJob  y y o o  .  . .  . .
    PlacementJobs.ListJobs y y o o .  . .  . .
    PlacementJobs.ListJobItems y y o o . . . . .
    PlacementJobs.CancelJob y y o o .  . .  . .
    PlacementJobs.WatchJob y y o o .  . .  . .

    CreateAssignment      y y o o  .  . .  . .
    GetAssignment         y y y o  y  y o  y y
    ListAssignments       y y y o  y  y o  y y
    AcceptAssignment      . . . .  y  o o  . .
    DeclineAssignment     . . . .  y  o o  . .
    CancelAssignment      y y o o  .  . .  . .
    RateAssignment        . . . .  o  y o  . .
    LogVisit              . . . .  y  o o  . .
    GetVisit              y y y o  y  y o  y y
    ListVisits            y y y o  y  y o  y y
    ConfirmVisit          . . . .  o  y o  . .
    DisputeVisit          . . . .  o  y o  . .
    CorrectVisit          . . . .  y  o o  . .
    CountersignVisit      y y o o  .  . .  . .
    RecordTechnologyTransfer y y y o y o o . .
    GetTechnologyTransfer y y y o  y  y o  y y
    ListTechnologyTransfers y y y o y y o y y
    GetEvaluationInputs   y y y o  y  o o  y y
    RecordEvaluation      y y o o  .  . .  . .
    ListEvaluations       y y y o  y  o o  y y
    RecordSubsidy         y y o o  .  . .  . .
    ListSubsidies         y y y o  y  o o  y y
"""
# organisation officers of the home side, the host's, a third; science officers likewise; HR of home and host; the home
# unit, the host, another unit; supervisor, auditor
EXCHANGES = """
    CreatePlacement       o o o  y o o  y o  y o o  . .
    GetPlacement          o o o  y y o  y y  y y o  y y
    ListPlacements        o o o  y y o  y y  y y o  y y
    SearchPlacements      o o o  y y o  y y  y y o  y y
    UpdatePlacement       o o o  y o o  y o  y o o  . .
    ExplainPlacement      o o o  y y o  y y  y y o  y y
    SubmitPlacement       o o o  y o o  y o  y o o  . .
    ConsentPlacement      o o o  o y o  o y  o y o  . .
    ReturnPlacement       o o o  y o o  y o  . . .  . .
    ApprovePlacement      o o o  y o o  y o  . . .  . .
    BeginPlacement        o o o  y o o  y o  y o o  . .
    AddPlacementReport    o o o  y y o  y y  y y o  . .
    ListPlacementReports  o o o  y y o  y y  y y o  y y
    ExtendPlacement       o o o  y o o  y o  . . .  . .
    EndPlacement          o o o  y o o  y o  y o o  . .
    CancelPlacement       o o o  y o o  y o  y o o  . .
    RevealPlacement       o o o  y o o  y o  . . .  . .
"""
# the same of a secondment (挂职): nobody but organisation officers enters, changes or sees one; auditors see it
SECONDMENTS = """
    CreatePlacement       y o o  o o o  o o  o o o  . .
    GetPlacement          y y o  o o o  o o  o o o  o y
    ListPlacements        y y o  o o o  o o  o o o  o y
    SearchPlacements      y y o  o o o  o o  o o o  o y
    UpdatePlacement       y o o  o o o  o o  o o o  . .
    ExplainPlacement      y y o  o o o  o o  o o o  o y
    SubmitPlacement       y o o  o o o  o o  o o o  . .
    ConsentPlacement      o y o  o o o  o o  o o o  . .
    ReturnPlacement       y o o  o o o  o o  . . .  . .
    ApprovePlacement      y o o  o o o  o o  . . .  . .
    BeginPlacement        y o o  o o o  o o  o o o  . .
    AddPlacementReport    y y o  o o o  o o  o o o  . .
    ListPlacementReports  y y o  o o o  o o  o o o  o y
    ExtendPlacement       y o o  o o o  o o  . . .  . .
    EndPlacement          y o o  o o o  o o  o o o  . .
    CancelPlacement       y o o  o o o  o o  o o o  . .
    RevealPlacement       y o o  o o o  o o  . . .  . .
"""
LETTERS = {"y": Answer.YES, "o": Answer.OWN, ".": Answer.NO}


def read(table: str, who: Iterable[str]) -> dict[str, dict[str, Answer]]:
    """A table by RPC and standpoint."""
    return {
        name: dict(zip(who, (LETTERS[letter] for letter in letters), strict=True))
        for name, *letters in (line.split() for line in table.splitlines() if line.strip())
    }


EXPECTED = (
    read(TABLE, STANDPOINTS)
    | read(CASES, CASE_STANDPOINTS)
    | read(DISPATCH, DISPATCH_STANDPOINTS)
    | read(EXCHANGES, POST_STANDPOINTS)
)
EXPECTED_OF_SECONDMENTS = read(SECONDMENTS, POST_STANDPOINTS)
