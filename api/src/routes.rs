//! Every route of the API: the action it is, its method and path, and the handler behind it. The permission
//! table guards each by its action.

use actix_web::{
    FromRequest, Handler, HttpResponse, Responder, ResponseError,
    guard::{self, Guard},
    http::{Method, header},
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use service::{access::Action, throttle::Policy};

use crate::{
    auth, books,
    error::{Code, Problem},
    extract, health, openapi, request, throttle, users,
};

/// One route.
pub struct Endpoint {
    /// What it does, and so who may.
    pub action: Action,
    /// Its method.
    pub method: Method,
    /// Its path, as OpenAPI writes it.
    pub path: &'static str,
    /// How often it takes requests from one address, where that is limited.
    pub limit: Option<Policy>,
    route: actix_web::Route,
}

impl Endpoint {
    /// Limits how often the route takes requests from one address. What it refuses it has not read.
    fn limited(self, policy: Policy) -> Self {
        let throttle = from_fn(move |request, next| throttle::by_address(policy, request, next));
        Self { limit: Some(policy), route: self.route.wrap(throttle), ..self }
    }
}

/// Every route, literal paths before those with parameters.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        on(Action::SignUp, Method::POST, "/api/v1/auth/signup", auth::sign_up).limited(Policy::SignUp),
        on(Action::LogIn, Method::POST, "/api/v1/auth/login", auth::log_in).limited(Policy::LogIn),
        on(Action::Refresh, Method::POST, "/api/v1/auth/refresh", auth::refresh).limited(Policy::Refresh),
        on(Action::LogOut, Method::POST, "/api/v1/auth/logout", auth::log_out),
        on(Action::VerifyEmail, Method::POST, "/api/v1/auth/verify-email", auth::verify_email)
            .limited(Policy::MailToken),
        on(
            Action::ResendVerification,
            Method::POST,
            "/api/v1/auth/verify-email/resend",
            auth::resend_verification,
        )
        .limited(Policy::Mail),
        on(
            Action::RequestPasswordReset,
            Method::POST,
            "/api/v1/auth/password-reset",
            auth::request_password_reset,
        )
        .limited(Policy::Mail),
        on(Action::ResetPassword, Method::POST, "/api/v1/auth/password-reset/confirm", auth::reset_password)
            .limited(Policy::MailToken),
        on(Action::GetMe, Method::GET, "/api/v1/users/me", users::me),
        on(Action::UpdateMe, Method::PATCH, "/api/v1/users/me", users::update_me),
        on(Action::DeleteMe, Method::DELETE, "/api/v1/users/me", users::delete_me),
        on(Action::ChangePassword, Method::PUT, "/api/v1/users/me/password", users::change_password),
        on(Action::ChangeEmail, Method::PUT, "/api/v1/users/me/email", users::change_email),
        on(Action::ExportMe, Method::GET, "/api/v1/users/me/export", users::export),
        on(Action::ListSessions, Method::GET, "/api/v1/users/me/sessions", users::sessions),
        on(Action::EndOtherSessions, Method::DELETE, "/api/v1/users/me/sessions", users::end_other_sessions),
        on(Action::EndSession, Method::DELETE, "/api/v1/users/me/sessions/{id}", users::end_session),
        on(Action::ListUsers, Method::GET, "/api/v1/users", users::list),
        on(Action::CreateUser, Method::POST, "/api/v1/users", users::create),
        on(Action::GetUser, Method::GET, "/api/v1/users/{id}", users::get),
        on(Action::UpdateUser, Method::PATCH, "/api/v1/users/{id}", users::update),
        on(Action::DeleteUser, Method::DELETE, "/api/v1/users/{id}", users::delete),
        on(
            Action::SendPasswordReset,
            Method::POST,
            "/api/v1/users/{id}/password-reset",
            users::send_password_reset,
        ),
        on(Action::EndUserSessions, Method::DELETE, "/api/v1/users/{id}/sessions", users::end_sessions),
        on(Action::ListUserBooks, Method::GET, "/api/v1/users/{id}/books", books::list_of_user),
        on(Action::ListBooks, Method::GET, "/api/v1/books", books::list),
        on(Action::CreateBook, Method::POST, "/api/v1/books", books::create),
        on(Action::GetBookFacets, Method::GET, "/api/v1/books/facets", books::facets),
        on(Action::ImportBooks, Method::POST, "/api/v1/books/import", books::import),
        on(Action::ExportBooks, Method::GET, "/api/v1/books/export", books::export),
        on(Action::GetBookByIsbn, Method::GET, "/api/v1/books/isbn/{isbn}", books::get_by_isbn),
        on(Action::GetBook, Method::GET, "/api/v1/books/{id}", books::get),
        on(Action::UpdateBook, Method::PATCH, "/api/v1/books/{id}", books::update),
        on(Action::DeleteBook, Method::DELETE, "/api/v1/books/{id}", books::delete),
        on(Action::GetOpenapi, Method::GET, "/api/v1/openapi.json", openapi::document),
        on(Action::GetProblem, Method::GET, "/problems/{code}", openapi::problem),
        on(Action::GetLiveness, Method::GET, "/livez", health::live),
        on(Action::GetReadiness, Method::GET, "/readyz", health::ready),
    ]
}

/// Puts every route into the application.
pub fn configure(config: &mut ServiceConfig) {
    let mut endpoints = endpoints().into_iter().peekable();
    while let Some(first) = endpoints.next() {
        let (path, mut methods) = (first.path, vec![first.method]);
        let mut resource = web::resource(path).route(first.route);
        while let Some(next) = endpoints.next_if(|next| next.path == path) {
            methods.push(next.method);
            resource = resource.route(next.route);
        }
        if methods.contains(&Method::GET) {
            methods.push(Method::HEAD);
        }
        let allow = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let refuse = move || {
            let problem = Problem::new(Code::MethodNotAllowed, format!("this takes {allow}"));
            let mut response: HttpResponse = problem.error_response();
            if let Ok(allow) = header::HeaderValue::from_str(&allow) {
                response.headers_mut().insert(header::ALLOW, allow);
            }
            std::future::ready(response)
        };
        config.service(resource.default_service(web::to(refuse)));
    }
    for path in ["/", "/docs", "/api/v1/docs"] {
        config.service(web::redirect(path, openapi::DOCS));
    }
    config.service(openapi::pages());
}

fn on<F, Args>(action: Action, method: Method, path: &'static str, handler: F) -> Endpoint
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let route = web::route().guard(accepts(method.clone())).to(handler);
    let route = route.wrap(from_fn(move |request, next| extract::guard(action, request, next)));
    let route = route.wrap(from_fn(request::contain));
    Endpoint { action, method, path, limit: None, route }
}

/// A GET route answers HEAD, too, without the body (RFC 9110, section 9.3.2).
fn accepts(method: Method) -> impl Guard {
    let also_head = method == Method::GET;
    guard::fn_guard(move |context| {
        let asked = &context.head().method;
        *asked == method || (also_head && *asked == Method::HEAD)
    })
}
