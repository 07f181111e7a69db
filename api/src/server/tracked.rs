//! Layer below the application that notes the begin and the end of each request.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_http::{ConnectionType, Request, Response};
use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::Service,
    http::Version,
    web::Bytes,
};

use super::{
    Draining,
    connection::{Connection, Ending},
    framing::Framing,
};

/// Body of a response, with the note of its end.
pub(super) struct Tracked {
    body: BoxBody,
    _ending: Option<Ending>,
}

impl MessageBody for Tracked {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }

    // The default implementation of `try_into_bytes` returns the body: its end is when the library has sent it.
}

/// Calls the application. The stream passes the next request after the body of the response has been dropped.
pub(super) fn call<S, B>(
    application: &S,
    mut request: Request,
    draining: Draining,
) -> impl Future<Output = Result<Response<Tracked>, S::Error>> + use<S, B>
where
    S: Service<Request>,
    S::Response: Into<Response<B>>,
    S::Error: Into<Response<BoxBody>>,
    B: MessageBody + 'static,
{
    let connection = request.conn_data::<Rc<Connection>>().cloned();
    let ending = connection.map(|connection| connection.begin(Framing::of(&mut request)));
    let mut persistent = request.head().connection_type() == ConnectionType::KeepAlive;
    let answer = application.call(request);
    async move {
        let mut response = match answer.await {
            Ok(response) => response.into().map_into_boxed_body(),
            Err(error) => error.into(),
        };
        // The library reuses heads with the version of an earlier response, on which `keep_alive` depends.
        response.head_mut().version = Version::HTTP_11;
        persistent &= response.head().keep_alive() && !draining.has_begun();
        if let Some(ending) = &ending {
            persistent &= !ending.is_cut();
            if !persistent {
                ending.close_connection();
            }
        }
        if !persistent {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        Ok(response.map_body(|_, body| Tracked { body, _ending: ending }))
    }
}
